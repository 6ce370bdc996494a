/** Envelope of what Resource Manager keeps: `location` and what follows it is there for tracked resources alone. */
export interface Resource<P = Record<string, unknown>> {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly properties: P;
  readonly systemData: SystemData;
  readonly location?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly kind?: string;
  readonly identity?: object;
  readonly sku?: { readonly name: string; readonly capacity?: number | undefined };
}

export interface SystemData {
  readonly createdAt: string;
  readonly createdBy: string;
  readonly createdByType: "Application";
  readonly lastModifiedAt: string;
  readonly lastModifiedBy: string;
  readonly lastModifiedByType: "Application";
}

/** Who every change is attributed to: the stand-in does not tell callers apart. */
const CALLER = "local";

/** @param now - milliseconds since the epoch */
export function systemData(now: number, before?: SystemData): SystemData {
  const at = new Date(now).toISOString();
  return {
    createdAt: before?.createdAt ?? at,
    createdBy: before?.createdBy ?? CALLER,
    createdByType: "Application",
    lastModifiedAt: at,
    lastModifiedBy: CALLER,
    lastModifiedByType: "Application",
  };
}

export const PROVIDER = "Microsoft.MachineLearningServices";
