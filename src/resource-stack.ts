/**
 * What was opened together and is closed together, the last one first: the part of `AsyncDisposableStack` that is
 * needed here, which Node has from version 24 on.
 */
export class ResourceStack implements AsyncDisposable {
  #resources: AsyncDisposable[] = [];

  /** Takes a resource over, where there is one, and gives it back. */
  use<Resource extends AsyncDisposable | undefined>(resource: Resource): Resource {
    if (resource !== undefined) this.#resources.push(resource);
    return resource;
  }

  /** Hands all of them to another stack, so that disposing this one closes nothing. */
  move(): ResourceStack {
    const moved = new ResourceStack();
    moved.#resources = this.#resources;
    this.#resources = [];
    return moved;
  }

  /** Closes every resource, also where closing one fails; then throws the first failure. Again, it does nothing. */
  async [Symbol.asyncDispose](): Promise<void> {
    const failures: unknown[] = [];
    for (let resource = this.#resources.pop(); resource !== undefined; resource = this.#resources.pop()) {
      try {
        await resource[Symbol.asyncDispose]();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
