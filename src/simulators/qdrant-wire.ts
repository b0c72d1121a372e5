/** What the simulator reads and answers; the shapes of Qdrant's REST interface, as far as it speaks it. */
export type PointId = number | string;

/** A point's payload, and any object inside it. */
export type Payload = Readonly<Record<string, unknown>>;

export interface SparseVector {
  readonly indices: readonly number[];
  readonly values: readonly number[];
}

export type Vector = readonly number[] | SparseVector;

/** A point as it is stored: its vectors by name, `''` for the one without. */
export interface Point {
  readonly id: PointId;
  readonly payload: Payload;
  readonly vectors: ReadonlyMap<string, Vector>;
  readonly version: number;
}

export interface ScoredPoint {
  readonly point: Point;
  readonly score: number;
  readonly orderValue?: number;
}

/** A refusal, with the status and sentence a real server answers. */
export class QdrantRefusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** A refusal of input that makes no sense. */
export function wrongInput(message: string): QdrantRefusal {
  return new QdrantRefusal(400, `Wrong input: ${message}`);
}

export function isSparse(vector: unknown): vector is SparseVector {
  return typeof vector === 'object' && vector !== null && 'indices' in vector && 'values' in vector;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** One or several: Qdrant takes both in many places. */
export function listOf(value: unknown): readonly unknown[] {
  if (value === null || value === undefined) return [];
  return Array.isArray(value) ? (value as readonly unknown[]) : [value];
}

/** One or several objects. */
export function objectsOf(value: unknown): readonly Record<string, unknown>[] {
  return listOf(value).filter(isObject);
}

/** A text, or another one where it is none. */
export function textOr(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise;
}

/** The order of points: numbers before UUIDs, each ascending. */
export function comparePointIds(a: PointId, b: PointId): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'number') return -1;
  if (typeof b === 'number') return 1;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
