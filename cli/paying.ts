/** How to pay, as every command that pays takes it. */
import { Option, type Command } from 'commander';
import { gatewayNames, type GatewayName } from '../contracts/payments/flow.ts';
import { currency, text } from '../contracts/values.ts';
import { parseAmount } from './amounts.ts';
import { CliError } from './errors.ts';
import { checkedBy, withCommonOptions, type CommonOptions } from './options.ts';

export interface PaymentOptions extends CommonOptions {
  readonly gateway: GatewayName;
  readonly method?: string;
  readonly amount?: string;
  readonly currency?: string;
  readonly minor?: boolean;
  readonly watch?: boolean;
}

export function withPayment(command: Command): Command {
  return withCommonOptions(
    command
      .addOption(new Option('-g, --gateway <name>', 'who takes the money').choices(gatewayNames).makeOptionMandatory())
      .option('-m, --method <name>', "the gateway's own name for how to pay; Stripe: a payment method id (default: the payer's choice)", checkedBy(text(100)))
      .option('--amount <amount>', 'pay only if it costs just this, e.g. 270.00')
      .option('--currency <code>', 'the currency of --amount', checkedBy(currency))
      .option('--minor', 'the amount is in minor units, e.g. 27000')
      .option('-w, --watch', 'stay and show the progress until it ends'),
  );
}

/** The fields that every call that pays has. */
export function howToPay({ gateway, method, amount, currency: code, minor }: PaymentOptions): object {
  if ((amount === undefined) !== (code === undefined)) throw new CliError('--amount and --currency go together.', 'Give both, or neither.', { code: 'usage', exitCode: 2 });
  return {
    gateway,
    ...(method !== undefined && { method }),
    ...(amount !== undefined && code !== undefined && { amount: parseAmount(amount, code, { minor }), currency: code }),
  };
}
