/** Telling payments' flows that their gateway has news, after whoever brought them has been answered. */
import type { FastifyInstance } from 'fastify';
import type { ApiDependencies } from './dependencies.ts';

/** While Temporal is away each waits for its deadline. What is not told here the sweep tells from the database. */
const maxUnderWay = 200;

export type Remind = (tenantId: string, paymentId: string) => void;

/** Whoever is under way when `app` closes is waited for. */
export function createReminders(app: FastifyInstance, { temporal, logger }: ApiDependencies): Remind {
  const underWay = new Set<Promise<void>>();
  const tell = async (tenantId: string, paymentId: string): Promise<void> => {
    try {
      await temporal.promptly(async () => await temporal.forTenant(tenantId).payments.gatewayEvent(paymentId));
    } catch (error) {
      logger.warn({ tenant: tenantId, paymentId, reason: error instanceof Error ? error.message : 'unknown' }, 'a flow could not be told of its gateway; the sweep will');
    }
  };
  app.addHook('onClose', async () => void (await Promise.all(underWay)));
  return (tenantId, paymentId) => {
    if (underWay.size >= maxUnderWay) return;
    const telling = tell(tenantId, paymentId).finally(() => underWay.delete(telling));
    underWay.add(telling);
  };
}
