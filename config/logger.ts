/** Structured logs, one JSON object a line. Secrets are redacted by path, whoever logs them. */
import { pino, type Logger } from 'pino';

export type { Logger };

const secretPaths = ['authorization', 'password', 'apiKey', 'databaseUrl', 'email', 'token', 'secret'].flatMap((key) => [key, `*.${key}`, `*.*.${key}`]);

export function createLogger(part: string, level: string): Logger {
  return pino({ level, base: { part, pid: process.pid }, redact: { paths: secretPaths, censor: '[redacted]' }, timestamp: pino.stdTimeFunctions.isoTime });
}
