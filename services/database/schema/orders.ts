/** Row types of orders, stock, shipments and the warehouse. */
import type { OrderReason, OrderStatus, OrderStep } from '../../../contracts/orders/flow.ts';
import type { ShipmentView, ShipTo } from '../../../contracts/orders/schemas.ts';
import type { GatewayName } from '../../../contracts/payments/flow.ts';
import type { GeneratedTimestamp, Json } from './columns.ts';

export interface OrderTables {
  orders: {
    tenant_id: string;
    id: string;
    customer_id: string;
    status: OrderStatus;
    step: OrderStep;
    reason: OrderReason | null;
    items_minor: number;
    shipping_minor: number;
    amount_minor: number;
    currency: string;
    payment_id: string;
    gateway: GatewayName;
    method: string;
    ship_to: Json<ShipTo> | null;
    created_at: GeneratedTimestamp;
    updated_at: GeneratedTimestamp;
  };
  order_items: {
    tenant_id: string;
    order_id: string;
    line: number;
    product_id: string;
    name: string;
    quantity: number;
    unit_price_minor: number;
    amount_minor: number;
    vat_basis_points: number;
    /** Of one piece. */
    weight_grams: number;
    ships: boolean;
  };
  stock_reservations: { tenant_id: string; order_id: string; product_id: string; quantity: number; created_at: GeneratedTimestamp };
  shipments: {
    tenant_id: string;
    id: string;
    order_id: string;
    carrier: string;
    service: string;
    price_minor: number;
    currency: string;
    tracking: string;
    status: ShipmentView['status'];
    created_at: GeneratedTimestamp;
    updated_at: GeneratedTimestamp;
  };
  warehouse_tasks: { tenant_id: string; order_id: string; lines: Json<readonly { productId: string; name: string; quantity: number }[]>; handed_over_at: GeneratedTimestamp };
}
