/** Paytm's result codes, as its merchants see them. */
export type ResultStatus = 'S' | 'F' | 'U' | 'TXN_SUCCESS' | 'TXN_FAILURE' | 'PENDING' | 'NO_RECORD_FOUND';

export interface ResultInfo {
  readonly resultStatus: ResultStatus;
  readonly resultCode: string;
  readonly resultMsg: string;
}

const messages: Readonly<Record<string, string>> = {
  '0000': 'Success',
  '0002': 'Success Idempotent',
  '00000900': 'System error',
  '01': 'Txn Success',
  '10': 'Refund Successful',
  '1007': 'Missing mandatory element',
  '2005': 'Checksum provided is invalid',
  '2007': 'Txn amount is invalid',
  '2013': 'Mid in the query param does not match with the Mid send in the request',
  '2014': 'OrderId in the query param does not match with the OrderId send in the request',
  '2023': 'Repeat Request Inconsistent',
  '227': 'Your payment has been declined by your bank.',
  '235': 'Wallet balance insufficient, please add money to your wallet',
  '325': 'Duplicate order id',
  '330': 'Checksum provided is invalid',
  '331': 'No Record Found',
  '334': 'Invalid Order Id',
  '335': 'Mid is invalid',
  '401': 'Your payment has been declined by your bank.',
  '402': 'Looks like the payment is not complete. Please wait while we confirm the status with your bank.',
  '501': 'System Error',
  '600': 'Invalid refund request',
  '601': 'Refund request was raised for this transaction. But it is pending state',
  '607': 'Refund can not be initiated for this transaction.',
  '617': 'Refund Already Raised (If merchant repeated the request within the 10 minutes after initiate the first refund request)',
  '619': 'Invalid refund amount',
  '626': 'Another Refund on same order is already in Progress',
  '627': 'Order Details Mismatch',
  '629': 'Order is already Refunded',
  '631': 'Record not found',
  '635': 'Partial Refund under Rupee 1 is not allowed',
};

export const result = (resultStatus: ResultStatus, resultCode: string): ResultInfo => ({ resultStatus, resultCode, resultMsg: messages[resultCode] ?? 'Your payment has been declined.' });
