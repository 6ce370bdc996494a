import { invalid } from "./refusal.ts";

/** A size of virtual machine that the region has. */
export interface Machine {
  readonly name: string;
  readonly family: string;
  readonly cores: number;
  readonly memoryGB: number;
  readonly gpus: number;
  /** Whether managed online deployments can be on it. */
  readonly isManaged: boolean;
  /** Whether an upgrade reserves nothing beyond the instances themselves. */
  readonly isExemptFromReserve: boolean;
}

/** Name, cores, memory in GB and, where it has any, GPUs; a part of a GPU counts as one. */
type Size = readonly [string, number, number, number?];

const sizes = (before: string, after: string, cores: readonly number[], memoryPerCore: number): Size[] =>
  cores.map((count) => [`Standard_${before}${count}${after}`, count, count * memoryPerCore]);

const TWO_TO_96 = [2, 4, 8, 16, 32, 48, 64, 96];
const EIGHT_TO_80 = [8, 16, 32, 48, 64, 80];

/**
 * What managed online deployments can be on, by family.
 *
 * @see Microsoft Learn, "Managed online endpoints SKU list": family, name, cores and GPUs of each
 * @see Microsoft Learn, "Sizes for virtual machines in Azure": the memory of each
 */
const MANAGED: Readonly<Record<string, readonly Size[]>> = {
  standardDSv2Family: [
    ["Standard_DS1_v2", 1, 3.5],
    ["Standard_DS2_v2", 2, 7],
    ["Standard_DS3_v2", 4, 14],
    ["Standard_DS4_v2", 8, 28],
    ["Standard_DS5_v2", 16, 56],
  ],
  standardDASv4Family: sizes("D", "as_v4", TWO_TO_96, 4),
  standardDAv4Family: sizes("D", "a_v4", TWO_TO_96, 4),
  standardESv3Family: [...sizes("E", "s_v3", [2, 4, 8, 16, 32, 48], 8), ["Standard_E64s_v3", 64, 432]],
  standardFSv2Family: sizes("F", "s_v2", [2, 4, 8, 16, 32, 48, 64, 72], 2),
  standardFXMDVSFamily: sizes("FX", "mds", [4, 12, 24, 36, 48], 21),
  standardLASv3Family: sizes("L", "as_v3", EIGHT_TO_80, 8),
  standardLSv2Family: sizes("L", "s_v2", EIGHT_TO_80, 8),
  standardLSv3Family: sizes("L", "s_v3", EIGHT_TO_80, 8),
  standardNCASv3_T4Family: [
    ["Standard_NC4as_T4_v3", 4, 28, 1],
    ["Standard_NC8as_T4_v3", 8, 56, 1],
    ["Standard_NC16as_T4_v3", 16, 110, 1],
    ["Standard_NC64as_T4_v3", 64, 440, 4],
  ],
  standardNCSv2Family: [
    ["Standard_NC6s_v2", 6, 112, 1],
    ["Standard_NC12s_v2", 12, 224, 2],
    ["Standard_NC24s_v2", 24, 448, 4],
  ],
  standardNCSv3Family: [
    ["Standard_NC6s_v3", 6, 112, 1],
    ["Standard_NC12s_v3", 12, 224, 2],
    ["Standard_NC24s_v3", 24, 448, 4],
  ],
  standardNVADSA10v5Family: [
    ["Standard_NV6ads_A10_v5", 6, 55, 1],
    ["Standard_NV12ads_A10_v5", 12, 110, 1],
    ["Standard_NV18ads_A10_v5", 18, 220, 1],
    ["Standard_NV36ads_A10_v5", 36, 440, 1],
    ["Standard_NV36adms_A10_v5", 36, 880, 1],
    ["Standard_NV72ads_A10_v5", 72, 880, 2],
  ],
};

/** As those, but exempt from what is reserved for upgrades. */
const EXEMPT: typeof MANAGED = {
  standardNCADSA100v4Family: [
    ["Standard_NC24ads_A100_v4", 24, 220, 1],
    ["Standard_NC48ads_A100_v4", 48, 440, 2],
    ["Standard_NC96ads_A100_v4", 96, 880, 4],
  ],
  standardNCADSH100v5Family: [
    ["Standard_NC40ads_H100_v5", 40, 320, 1],
    ["Standard_NC80adis_H100_v5", 80, 640, 2],
  ],
  standardNDAMSv4_A100Family: [["Standard_ND96amsr_A100_v4", 96, 1900, 8]],
  standardNDASv4_A100Family: [["Standard_ND96asr_v4", 96, 900, 8]],
  standardNDSv2Family: [["Standard_ND40rs_v2", 40, 672, 8]],
  standardNDv5H100Family: [
    ["Standard_ND96is_H100_v5", 96, 1900, 8],
    ["Standard_ND96isr_H100_v5", 96, 1900, 8],
  ],
};

/**
 * For clusters, instances and jobs alone.
 *
 * @see Microsoft Learn, "What are compute targets": supported VM series; here those of general purpose
 */
const UNMANAGED: typeof MANAGED = {
  standardDv2Family: [
    ["Standard_D1_v2", 1, 3.5],
    ["Standard_D2_v2", 2, 7],
    ["Standard_D3_v2", 4, 14],
    ["Standard_D4_v2", 8, 28],
    ["Standard_D5_v2", 16, 56],
    ["Standard_D11_v2", 2, 14],
    ["Standard_D12_v2", 4, 28],
    ["Standard_D13_v2", 8, 56],
    ["Standard_D14_v2", 16, 112],
  ],
  standardDSv2Family: [
    ["Standard_DS11_v2", 2, 14],
    ["Standard_DS12_v2", 4, 28],
    ["Standard_DS13_v2", 8, 56],
    ["Standard_DS14_v2", 16, 112],
  ],
  standardDv3Family: sizes("D", "_v3", [2, 4, 8, 16, 32, 48, 64], 4),
  standardDSv3Family: sizes("D", "s_v3", [2, 4, 8, 16, 32, 48, 64], 4),
  standardDDSv4Family: sizes("D", "ds_v4", [2, 4, 8, 16, 32, 48, 64], 4),
  standardEv3Family: [...sizes("E", "_v3", [2, 4, 8, 16, 32, 48], 8), ["Standard_E64_v3", 64, 432]],
};

function machinesOf(
  table: typeof MANAGED,
  is: Pick<Machine, "isManaged" | "isExemptFromReserve">,
): Machine[] {
  return Object.entries(table).flatMap(([family, listed]) =>
    listed.map(([name, cores, memoryGB, gpus = 0]) => ({ name, family, cores, memoryGB, gpus, ...is })),
  );
}

export const MACHINES: readonly Machine[] = [
  ...machinesOf(MANAGED, { isManaged: true, isExemptFromReserve: false }),
  ...machinesOf(EXEMPT, { isManaged: true, isExemptFromReserve: true }),
  ...machinesOf(UNMANAGED, { isManaged: false, isExemptFromReserve: false }),
];

export const MANAGED_SIZES: readonly Machine[] = MACHINES.filter(({ isManaged }) => isManaged);

export function machineOf(size: string): Machine | undefined {
  return MACHINES.find(({ name }) => name.toLowerCase() === size.toLowerCase());
}

/** @throws {Refusal} 400 naming the field and the sizes that there are */
export function checkSize(field: string, size: string, among: readonly Machine[] = MACHINES): void {
  const machine = machineOf(size);
  if (machine && among.includes(machine)) return;
  const names = among.map(({ name }) => name).join(", ");
  throw invalid(`${field} is '${size}', expected a size that the region has: ${names}.`);
}
