import type { ServiceAnswer } from "../service.ts";
import type { Context } from "./context.ts";
import { MACHINES, machineOf } from "./machines.ts";
import type { OperationError } from "./operations.ts";
import { PROVIDER } from "./resource.ts";
import type { Router } from "./router.ts";

/**
 * Instances that must be free for an upgrade, per instance that serves.
 *
 * @see Microsoft Learn, "Manage and increase quotas": 20 % are reserved for upgrades, but for sizes that are exempt
 */
const UPGRADE_RESERVE = 1.2;

/** Cores that run now, by family, against what the region grants; and the sizes that the region has. */
export class Quotas {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  register(router: Router): void {
    router
      .on("GET", "locations/*/usages", () => this.#usages())
      .on("GET", "locations/*/quotas", () => this.#quotas())
      .on("GET", "locations/*/vmSizes", () => ({ status: 200, body: { value: MACHINES.map(renderSize) } }));
  }

  /** Why so many instances more of a size cannot be had beside all that runs but `id`; undefined when they can. */
  refusal(id: string, size: string, instances: number): OperationError | undefined {
    const machine = machineOf(size);
    if (!machine) return undefined;
    const reserve = machine.isExemptFromReserve ? 1 : UPGRADE_RESERVE;
    const asked = Math.ceil(reserve * instances) * machine.cores;
    const used = this.#used(machine.family, id);
    const { coreQuota } = this.#context;
    if (used + asked <= coreQuota) return undefined;
    return {
      code: "OutOfQuota",
      message:
        `Not enough quota available for ${machine.name} in ${this.#context.location}: ${instances} instances need ` +
        `${asked} cores of ${machine.family}, of which ${used} of ${coreQuota} are used.`,
    };
  }

  #used(family: string, but = ""): number {
    const rows = this.#context.store
      .sql("SELECT resource, sku, instances FROM usages WHERE ended IS NULL")
      .all();
    return rows
      .filter(({ resource }) => String(resource).toLowerCase() !== but.toLowerCase())
      .map(({ sku, instances }) => ({ machine: machineOf(String(sku)), instances: Number(instances) }))
      .filter(({ machine }) => machine?.family === family)
      .reduce((sum, { machine, instances }) => sum + (machine?.cores ?? 0) * instances, 0);
  }

  #usages(): ServiceAnswer {
    const value = families().map((family) => ({
      ...this.#entry("usages", family),
      currentValue: this.#used(family),
    }));
    return { status: 200, body: { value } };
  }

  #quotas(): ServiceAnswer {
    return { status: 200, body: { value: families().map((family) => this.#entry("quotas", family)) } };
  }

  #entry(what: "usages" | "quotas", family: string): object {
    const { subscriptionId, location, coreQuota } = this.#context;
    return {
      id: `/subscriptions/${subscriptionId}/providers/${PROVIDER}/locations/${location}/${what}/${family}`,
      type: `${PROVIDER}/vmFamily/dedicatedCores/${what}`,
      amlWorkspaceLocation: location,
      name: { value: family, localizedValue: `${family} Cluster Dedicated vCPUs` },
      unit: "Count",
      limit: coreQuota,
    };
  }
}

const families = (): string[] => [...new Set(MACHINES.map(({ family }) => family))];

function renderSize({ name, family, cores, memoryGB, gpus }: (typeof MACHINES)[number]): object {
  return {
    name,
    family,
    vCPUs: cores,
    gpus,
    memoryGB,
    osVhdSizeMB: 1_047_552,
    maxResourceVolumeMB: memoryGB * 2 * 1024,
    lowPriorityCapable: true,
    premiumIO: true,
    supportedComputeTypes: ["AmlCompute", "ComputeInstance"],
  };
}
