/** Failures of the stack that a person can do something about. */

/** One clear message and what to do about it. Shown without a stack trace; the exit code is 1. */
export class StackError extends Error {
  override readonly name = 'StackError';
  readonly remedy: string | undefined;
  constructor(message: string, remedy?: string, options?: ErrorOptions) {
    super(message, options);
    this.remedy = remedy;
  }
}

/** The `code` of a system error (`ENOENT`, `EADDRINUSE`, …), if it is one. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Turns what the system says about disks and permissions into words; other errors come back as they are. */
export function explain(error: unknown): unknown {
  const path = error instanceof Error && 'path' in error && typeof error.path === 'string' ? ` (${error.path})` : '';
  switch (errorCode(error)) {
    case 'ENOSPC':
      return new StackError(`The disk is full${path}.`, 'Free some space and start again; nothing that was stored is lost.', { cause: error });
    case 'EDQUOT':
      return new StackError(`The disk quota is used up${path}.`, 'Free some space and start again.', { cause: error });
    case 'EACCES':
    case 'EPERM':
      return new StackError(`Not permitted${path}.`, 'Start as the user who owns HOLDFAST_HOME, or set HOLDFAST_HOME to a folder of your own.', { cause: error });
    case 'ENOENT':
      if (error instanceof Error && 'syscall' in error && error.syscall === 'mkdir') return new StackError(`The folder cannot be created${path}.`, 'Set HOLDFAST_HOME (state) and XDG_CACHE_HOME (cache) to folders that can be written.', { cause: error });
      return error;
    case 'EROFS':
      return new StackError(`The file system is read-only${path}.`, 'Set HOLDFAST_HOME (state) and XDG_CACHE_HOME (cache) to folders that can be written.', { cause: error });
    default:
      return error;
  }
}
