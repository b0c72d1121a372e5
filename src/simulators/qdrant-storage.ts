import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Change, type CollectionConfig, SimulatedCollection } from './qdrant-collection.ts';
import { QdrantRefusal, wrongInput } from './qdrant-wire.ts';

const EXTENSION = '.qdrant.jsonl';

/**
 * The collections of a simulator: in memory, and with a directory also in one log a collection, written before a
 * change is answered, so that what was answered survives an end at any moment.
 */
export class SimulatedStorage {
  readonly #collections = new Map<string, SimulatedCollection>();
  readonly #directory: string | undefined;

  constructor(directory: string | undefined) {
    this.#directory = directory;
    if (directory === undefined) return;
    mkdirSync(directory, { recursive: true });
    for (const file of readdirSync(directory)) {
      if (file.endsWith(EXTENSION)) this.#replay(decodeURIComponent(file.slice(0, -EXTENSION.length)));
    }
  }

  get names(): readonly string[] {
    return [...this.#collections.keys()];
  }

  has(name: string): boolean {
    return this.#collections.has(name);
  }

  get(name: string): SimulatedCollection {
    const collection = this.#collections.get(name);
    if (collection === undefined) {
      throw new QdrantRefusal(404, `Not found: Collection \`${name}\` doesn't exist!`);
    }
    return collection;
  }

  create(name: string, config: CollectionConfig): void {
    if (this.has(name)) throw new QdrantRefusal(409, `Wrong input: Collection \`${name}\` already exists!`);
    if (name.length > 255 || /[<>:"/\\|?*\0]/.test(name))
      throw wrongInput('the collection name is not valid');
    this.#collections.set(name, new SimulatedCollection(name, config));
    this.#log(name, config);
  }

  delete(name: string): boolean {
    const path = this.#path(name);
    if (path !== undefined) rmSync(path, { force: true });
    return this.#collections.delete(name);
  }

  apply(name: string, change: Change): void {
    this.get(name).apply(change);
    this.#log(name, change);
  }

  #log(name: string, entry: unknown): void {
    const path = this.#path(name);
    if (path !== undefined) appendFileSync(path, `${JSON.stringify(entry)}\n`);
  }

  #path(name: string): string | undefined {
    return this.#directory && join(this.#directory, encodeURIComponent(name) + EXTENSION);
  }

  #replay(name: string): void {
    const path = this.#path(name);
    if (path === undefined || !existsSync(path)) return;
    // The last line may be half of one: what was not answered is not there.
    const [config, ...changes] = readFileSync(path, 'utf8').split('\n').slice(0, -1);
    if (config === undefined) return;
    const collection = new SimulatedCollection(name, JSON.parse(config) as CollectionConfig);
    for (const change of changes) collection.apply(JSON.parse(change) as Change);
    this.#collections.set(name, collection);
  }
}
