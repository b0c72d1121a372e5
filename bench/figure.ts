import { arch, cpus, platform, totalmem } from 'node:os';

/** One measured figure, as every bench prints it. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The same measured on the least that could do the job, in the same run. */
  readonly floor?: number;
  /** `value / floor`. */
  readonly ratio?: number;
  /** What the figure is held to, as in `≤ 1.3 ×`. */
  readonly bar?: string;
  readonly holds?: boolean;
}

/** What a figure is held to: its value, or its ratio to the floor. */
export type Bar =
  | { readonly atMost: number }
  | { readonly atLeast: number }
  | { readonly ratioAtMost: number }
  | { readonly ratioAtLeast: number };

/** Makes a figure, with its ratio to the floor and whether it holds its bar. */
export function figure(measured: {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly floor?: number;
  readonly bar?: Bar;
}): Figure {
  const { name, unit, bar } = measured;
  const ratio = measured.floor === undefined ? Number.NaN : measured.value / measured.floor;
  return {
    name,
    value: rounded(measured.value),
    unit,
    ...(measured.floor === undefined ? {} : { floor: rounded(measured.floor), ratio: rounded(ratio) }),
    ...(bar === undefined ? {} : held(bar, { value: measured.value, ratio, unit })),
  };
}

function held(
  bar: Bar,
  { value, ratio, unit }: { readonly value: number; readonly ratio: number; readonly unit: string },
): Pick<Required<Figure>, 'bar' | 'holds'> {
  if ('atMost' in bar) return { bar: `≤ ${bar.atMost} ${unit}`, holds: value <= bar.atMost };
  if ('atLeast' in bar) return { bar: `≥ ${bar.atLeast} ${unit}`, holds: value >= bar.atLeast };
  if ('ratioAtMost' in bar) return { bar: `≤ ${bar.ratioAtMost} ×`, holds: ratio <= bar.ratioAtMost };
  return { bar: `≥ ${bar.ratioAtLeast} ×`, holds: ratio >= bar.ratioAtLeast };
}

/** Says each figure on stderr, and all of them as one line of JSON on stdout: the last thing a bench does. */
export function printFigures(bench: string, figures: readonly Figure[]): void {
  for (const each of figures) {
    const floor = each.floor === undefined ? '' : `, floor ${each.floor} (${each.ratio} ×)`;
    const verdict =
      each.bar === undefined ? '' : `, bar ${each.bar}: ${each.holds ? 'holds' : 'DOES NOT HOLD'}`;
    say(`${each.name}: ${each.value} ${each.unit}${floor}${verdict}`);
  }
  process.stdout.write(`${JSON.stringify({ bench, machine: describeMachine(), figures })}\n`);
}

/** A line for the person who watches; stdout is kept for the figures. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** What the figures were measured on. */
export function describeMachine(): Readonly<Record<string, string | number>> {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memory_gb: Math.round(totalmem() / 2 ** 30),
    platform: `${platform()} ${arch()}`,
    node: process.version,
  };
}

/** The value that this share of the values does not exceed, as in `percentile(values, 0.99)`. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

const rounded = (value: number): number => Number(value.toPrecision(4));
