/** The sandbox as a process, and the parts that have no party. */
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { parseBracketed } from '../../sandbox/core/forms.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'holdfast-sandbox-'));
afterAll(() => rmSync(folder, { recursive: true }));
const main = path.resolve(import.meta.dirname, '../../sandbox/main.ts');
const configOf = (name: string, config: unknown): string => {
  const file = path.join(folder, name);
  writeFileSync(file, JSON.stringify(config));
  return file;
};

describe('the process', () => {
  test.each(['SIGTERM', 'disconnect'])('says where it serves, and stops on %s', async (how) => {
    const child = fork(main, ['--config', configOf('right.json', { stripe: { secretKeys: ['sk_test_1'] } })], { silent: true });
    const [message] = (await once(child, 'message')) as [{ type: string; url: string }];
    expect(message).toEqual({ type: 'ready', url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) });
    expect(await (await fetch(`${message.url}/_journal`)).json()).toEqual({ items: [], nextSeq: 1 });
    const ended = once(child, 'exit');
    if (how === 'SIGTERM') child.kill('SIGTERM');
    else child.disconnect();
    expect(await ended).toEqual([0, null]);
  });

  test('names what is wrong with its config', async () => {
    const child = spawn(process.execPath, [main, '--config', configOf('wrong.json', { port: -1, paytm: { mid: 'M', merchantKey: 'short' } })], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => void (said += chunk.toString()));
    expect((await once(child, 'close'))[0]).toBe(1);
    expect(said).toMatch(/port[\s\S]*paytm\.merchantKey/);
    expect(said).not.toContain('short');
  });
});

describe('a form with brackets', () => {
  test('becomes objects and lists', () => {
    expect(JSON.parse(JSON.stringify(parseBracketed('a=1&m[k]=v&m[l]=w&t[0]=card&t[1]=x&e[]=p&e[]=q&c[gte]=5')))).toEqual({ a: '1', m: { k: 'v', l: 'w' }, t: ['card', 'x'], e: ['p', 'q'], c: { gte: '5' } });
  });

  test('cannot reach a prototype', () => {
    parseBracketed('__proto__[polluted]=1&constructor[prototype][polluted]=1&m[__proto__][polluted]=1');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  test.each(['a=1&a[b]=2', 'a[b]=1&a=2', '[a]=1', 'a[[b]]=1', `a${'[b]'.repeat(9)}=1`, 'x=1&'.repeat(501)])('that contradicts itself is refused: %.20s', (text) => {
    expect(parseBracketed(text)).toBeUndefined();
  });
});
