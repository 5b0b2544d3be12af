/** A process of its own for the floor, like the product's workers have one; settings and connections are the same. */
import { Client } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker, bundleWorkflowCode } from '@temporalio/worker';
import { fileURLToPath } from 'node:url';
import { tuning } from '../../workers/queues.ts';
import { floorQueue, floorSignal, holdIdOf } from './floor-messages.ts';

const [address = '', namespace = '', gateway = ''] = process.argv.slice(2);
Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
const connection = await NativeConnection.connect({ address });
const client = new Client({ connection, namespace });
const worker = await Worker.create({
  ...tuning('payments'),
  connection,
  namespace,
  taskQueue: floorQueue,
  workflowBundle: await bundleWorkflowCode({ workflowsPath: fileURLToPath(new URL('floor-workflow.ts', import.meta.url)), logger: new DefaultLogger('ERROR') }),
  activities: {
    nothing: async () => await Promise.resolve('nothing'),
    ask: async () => await (await fetch(gateway, { method: 'POST', body: 'amount=27000&currency=eur' })).text(),
    tell: async (floorId: string) => {
      await client.workflow.getHandle(holdIdOf(floorId)).signal(floorSignal);
      return 'told';
    },
  },
});
process.once('disconnect', () => worker.shutdown());
const running = worker.run();
process.send?.('ready');
await running;
await connection.close();
