/** A size of virtual machine that the region has. */
export interface Machine {
  readonly name: string;
  readonly family: string;
  readonly cores: number;
  readonly memoryGB: number;
  readonly gpus: number;
}

/**
 * The sizes that tests, scenarios and the documentation's examples use.
 *
 * @see Microsoft Learn, "Sizes for virtual machines in Azure": cores, memory and GPUs of each
 */
export const MACHINES: readonly Machine[] = [
  { name: "Standard_DS2_v2", family: "standardDSv2Family", cores: 2, memoryGB: 7, gpus: 0 },
  { name: "Standard_DS3_v2", family: "standardDSv2Family", cores: 4, memoryGB: 14, gpus: 0 },
  { name: "Standard_DS4_v2", family: "standardDSv2Family", cores: 8, memoryGB: 28, gpus: 0 },
  { name: "Standard_D2as_v4", family: "standardDASv4Family", cores: 2, memoryGB: 8, gpus: 0 },
  { name: "Standard_E4s_v3", family: "standardESv3Family", cores: 4, memoryGB: 32, gpus: 0 },
  { name: "Standard_F2s_v2", family: "standardFSv2Family", cores: 2, memoryGB: 4, gpus: 0 },
  { name: "Standard_F4s_v2", family: "standardFSv2Family", cores: 4, memoryGB: 8, gpus: 0 },
  { name: "Standard_F8s_v2", family: "standardFSv2Family", cores: 8, memoryGB: 16, gpus: 0 },
  { name: "Standard_NC6s_v3", family: "standardNCSv3Family", cores: 6, memoryGB: 112, gpus: 1 },
  { name: "Standard_NC4as_T4_v3", family: "standardNCASv3_T4Family", cores: 4, memoryGB: 28, gpus: 1 },
];

/** Undefined for a size that is not in the table: it is taken all the same, but counts for no quota. */
export function machineOf(size: string): Machine | undefined {
  return MACHINES.find(({ name }) => name.toLowerCase() === size.toLowerCase());
}
