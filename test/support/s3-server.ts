/** An S3 server that nobody here wrote, with its objects in memory. */
import { s3ServerVersion } from '../../stack/toolchain/versions.ts';
import { ensureGoProgram, startProgram, type RunningProgram } from './go-program.ts';
import { freePort } from './ports.ts';

export const s3Bucket = 'holdfast-test';
/** It takes any; the SDK wants some. */
export const s3Credentials = { AWS_ACCESS_KEY_ID: 'test-access-key', AWS_SECRET_ACCESS_KEY: 'test-secret-key' };

/** @returns the program, or why this machine cannot have it. */
export const ensureS3Server = async () => await ensureGoProgram({ name: 'gofakes3', version: s3ServerVersion, package: 'github.com/johannesboyne/gofakes3/cmd/gofakes3' });

export async function startS3Server(file: string): Promise<RunningProgram> {
  const port = await freePort();
  return await startProgram(file, ['-backend', 'memory', '-initialbucket', s3Bucket, '-host', `127.0.0.1:${port}`, '-quiet'], `http://127.0.0.1:${port}`);
}
