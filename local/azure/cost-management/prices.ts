/**
 * US dollars for one machine for one hour. These are examples of the right order of magnitude, made for this stand-in: not
 * Azure's prices, which differ by region and contract, and change.
 */
const EXAMPLE_PRICES: Readonly<Record<string, number>> = {
  standard_ds2_v2: 0.15,
  standard_ds3_v2: 0.3,
  standard_ds4_v2: 0.6,
  standard_d2as_v4: 0.1,
  standard_e4s_v3: 0.3,
  standard_f2s_v2: 0.1,
  standard_f4s_v2: 0.2,
  standard_f8s_v2: 0.4,
  standard_nc4as_t4_v3: 0.6,
  standard_nc6s_v3: 3.6,
};
/** Of a size that is not in the list: no machine is free. */
const OTHER_PRICE = 0.5;

export const CURRENCY = "USD";

/** @param sku - e.g. `Standard_DS3_v2` */
export function pricePerHour(sku: string): number {
  return EXAMPLE_PRICES[sku.toLowerCase()] ?? OTHER_PRICE;
}
