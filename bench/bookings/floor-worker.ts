/** A process of its own for the floor, like the product's workers have one. */
import { DefaultLogger, NativeConnection, Runtime, Worker, bundleWorkflowCode } from '@temporalio/worker';
import { fileURLToPath } from 'node:url';
import { tuning } from '../../workers/queues.ts';

const [address, namespace] = process.argv.slice(2);
Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
const connection = await NativeConnection.connect({ address: address ?? '' });
const worker = await Worker.create({
  ...tuning('bookings'),
  connection,
  namespace: namespace ?? '',
  taskQueue: 'bench-floor',
  workflowBundle: await bundleWorkflowCode({ workflowsPath: fileURLToPath(new URL('floor-workflow.ts', import.meta.url)), logger: new DefaultLogger('ERROR') }),
  activities: { nothing: async () => await Promise.resolve('nothing') },
});
process.once('disconnect', () => worker.shutdown());
const running = worker.run();
process.send?.('ready');
await running;
await connection.close();
