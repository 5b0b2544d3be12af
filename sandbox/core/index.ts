/** What the parties share. */
import type { AutoPay, SandboxConfig } from '../config.ts';
import { Courier } from './courier.ts';
import { Faults } from './faults.ts';
import { Journal } from './journal.ts';
import { Store } from './store.ts';
import { Timers } from './timers.ts';

export interface Core {
  readonly store: Store;
  readonly journal: Journal;
  readonly faults: Faults;
  readonly courier: Courier;
  readonly timers: Timers;
  /** Can be changed while the sandbox runs. */
  readonly settings: { autoPay: AutoPay | undefined };
  readonly publicUrl: () => string;
}

/** @throws when the state file cannot be read. */
export function createCore(config: SandboxConfig, publicUrl: () => string): Core {
  const store = new Store(config.stateFile);
  const faults = new Faults(config.seed);
  return {
    store,
    faults,
    journal: new Journal(store),
    courier: new Courier(store, faults, config.webhookRetryDelaysMs),
    timers: new Timers(),
    settings: { autoPay: config.autoPay },
    publicUrl,
  };
}
