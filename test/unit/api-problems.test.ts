import { describe, expect, test } from '@jest/globals';
import { toProblem, toRefused } from '../../api/http/problems.ts';
import { HoldfastError } from '../../client/index.ts';

const databaseError = (code: string): Error => Object.assign(new Error('duplicate key value (email)=(ada@example.org) in SELECT'), { code });

describe('what was thrown becomes a problem', () => {
  test.each([
    ['a lost connection', databaseError('ECONNREFUSED'), 'database_unavailable', 503],
    ['a database that starts', databaseError('57P03'), 'database_unavailable', 503],
    ['a full pool', new Error('timeout exceeded when trying to connect'), 'database_unavailable', 503],
    ['a deadlock', databaseError('40P01'), 'database_conflict', 503],
    ['a broken rule of the database', databaseError('23505'), 'internal_error', 500],
    ['an error of the client', new HoldfastError('hold_expired'), 'hold_expired', 409],
    ['a defect', new TypeError('x is not a function'), 'internal_error', 500],
    ['no error at all', 'oops', 'internal_error', 500],
  ])('%s', (_, thrown, code, status) => {
    const problem = toProblem(toRefused(thrown), 'req_1');
    expect(problem).toMatchObject({ code, status, requestId: 'req_1' });
    expect(JSON.stringify(problem)).not.toMatch(/ada@example|SELECT|is not a function/);
  });

  test('with the time to wait when waiting helps', () => {
    expect(toProblem(toRefused(databaseError('57P03')), 'req_1').retry_after).toBeGreaterThan(0);
    expect(toProblem(toRefused(new HoldfastError('hold_expired')), 'req_1').retry_after).toBeUndefined();
  });
});
