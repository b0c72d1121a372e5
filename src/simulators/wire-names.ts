/** The names of an object and of all that is in it, by another convention. */
function renamed(value: unknown, rename: (name: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => renamed(item, rename));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [rename(name), renamed(item, rename)]),
  );
}

/** As JSON on the wire is named; names that begin with a capital are somebody else's and stay as they are. */
export const withSnakeCase = (value: unknown): unknown =>
  renamed(value, (name) =>
    /^[a-z]/.test(name) ? name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) : name,
  );

/** As TypeScript names what came over the wire. */
export const withCamelCase = (value: unknown): unknown =>
  renamed(value, (name) => name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()));
