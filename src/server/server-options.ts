import { join } from 'node:path';

import type { Logger } from 'pino';

import type { Configuration } from '../config/configuration.ts';

/** What a server is bounded by; every limit has its default in one place. */
export interface ServerLimits {
  /** @default 32_000 */
  readonly maxMessageChars: number;
  /** The most bytes of a JSON body. @default 262_144, or what the longest message needs */
  readonly maxBodyBytes: number;
  /** The most bytes of a JSON body with documents: it is parsed in one go. @default 4 MB */
  readonly maxJsonDocumentsBytes: number;
  /** Of one uploaded file. @default 100 MB */
  readonly maxFileBytes: number;
  /** Of all files of one request. @default 100 MB */
  readonly maxUploadBytes: number;
  /** Of one request. @default 10_000 */
  readonly maxUploadFiles: number;
  /** @default 16_384 */
  readonly maxHeaderBytes: number;
  /** @default 10_000 */
  readonly maxConnections: number;
  /** How long headers, or a JSON body, may take to arrive. @default 30_000 */
  readonly requestTimeoutMs: number;
  /** How long an idle connection is kept. @default 72_000 */
  readonly keepAliveMs: number;
  /** @default 15_000 */
  readonly heartbeatMs: number;
  /** How long a reader, or a sender of files, may stand still before its connection is closed. @default 60_000 */
  readonly stallMs: number;
  /** How long the store may take to show that it is ready. @default 2000 */
  readonly readyTimeoutMs: number;
}

/** What a server needs to know beside the parts it serves. */
export interface ServerOptions {
  /** @default the configuration's */
  readonly host?: string;
  /** 0 takes a free port. @default the configuration's */
  readonly port?: number;
  /** Logs nothing where absent. */
  readonly logger?: Logger;
  /** Keys of which every request but the probes must bring one. @default the configuration's */
  readonly apiKeys?: readonly string[];
  /** Web pages of other origins that may ask; `*` is all. @default the configuration's */
  readonly allowedOrigins?: readonly string[];
  /** Names this server may be asked under when it listens on loopback, beside those of this machine. */
  readonly allowedHosts?: readonly string[];
  readonly limits?: Partial<ServerLimits>;
}

/** The options with every default filled in. */
export interface ResolvedServerOptions extends Required<Omit<ServerOptions, 'logger' | 'limits'>> {
  readonly uploadsDir: string;
  readonly limits: ServerLimits;
}

const LONGEST_JSON_CHARACTER_BYTES = 6;

/** Fills in what is not given: from the configuration where it has a setting for it. */
export function resolveServerOptions(
  configuration: Configuration,
  options: ServerOptions,
): ResolvedServerOptions {
  const { chat, ingest, server } = configuration;
  const maxMessageChars = options.limits?.maxMessageChars ?? chat.maxMessageChars;
  return {
    host: options.host ?? configuration.host,
    port: options.port ?? configuration.port,
    apiKeys: options.apiKeys ?? server.apiKeys,
    allowedOrigins: options.allowedOrigins ?? server.allowedOrigins,
    allowedHosts: options.allowedHosts ?? [],
    uploadsDir: join(configuration.dataDir, 'uploads'),
    limits: {
      maxMessageChars,
      maxBodyBytes: Math.max(262_144, maxMessageChars * LONGEST_JSON_CHARACTER_BYTES + 16_384),
      maxJsonDocumentsBytes: 4_000_000,
      maxFileBytes: ingest.maxFileBytes,
      maxUploadBytes: server.maxUploadBytes,
      maxUploadFiles: 10_000,
      maxHeaderBytes: 16_384,
      maxConnections: server.maxConnections,
      requestTimeoutMs: server.requestTimeoutMs,
      keepAliveMs: 72_000,
      heartbeatMs: server.heartbeatMs,
      stallMs: server.stallMs,
      readyTimeoutMs: 2000,
      ...options.limits,
    },
  };
}
