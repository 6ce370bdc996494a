import { buildSignal } from "./build.ts";
import type { EventParser } from "./event-parser.ts";
import { caseless, LooseNumber, Name, OptionalText, readTime, TextMap, VersionText } from "./fields.ts";
import { rejected, signalled } from "./outcome.ts";
import { foldCase, subjectOf } from "./resource-id.ts";
import type { Signal } from "./signal.ts";
import { signalId } from "./signal-id.ts";

const DOOR = "model-events";

/** Azure ML's models, endpoints and dataset monitors, from Event Grid. Runs are in `machine-learning-runs.ts`. */
const Registered = caseless({
  ModelName: Name.optional(),
  ModelVersion: VersionText.optional(),
  ModelTags: TextMap,
  ModelProperties: TextMap,
});

/** Id: workspace and the event's own id; registering a deleted version anew is a new occurrence. */
export const modelRegistered: EventParser = (event, { rule, occurredAt, data }) => {
  const read = Registered.safeParse(data ?? {});
  if (!read.success) return { problem: read.error };
  const model = read.data.ModelName ?? inSubject(event.subject)?.model;
  const version = read.data.ModelVersion ?? inSubject(event.subject)?.version;
  if (!model)
    return rejected(rule, "data.ModelName", "expected a model's name, found nothing, nor in 'subject'");
  if (!version)
    return rejected(rule, "data.ModelVersion", "expected a version, found nothing, nor in 'subject'");
  const signal = buildSignal({
    id: signalId("model.registered", foldCase(event.source), event.id),
    kind: "model.registered",
    subject: { ...subjectOf(event.source), model, version },
    severity: 3,
    occurredAt,
    tags: { tag: read.data.ModelTags, property: read.data.ModelProperties },
    source: { door: DOOR, type: event.type, id: event.id },
  });
  return signalled(rule, signal);
};

const inSubject = (subject: string) => modelAndVersion(/^models\/(.+)$/i.exec(subject)?.[1] ?? "");

/** `name:version`, split at the last colon: a name may hold one. */
function modelAndVersion(text: string): { model: string; version: string } | undefined {
  const colon = text.lastIndexOf(":");
  const model = text.slice(0, Math.max(colon, 0)).trim();
  return model === "" ? undefined : { model, version: text.slice(colon + 1).trim() };
}

const Deployed = caseless({
  ServiceName: Name.optional(),
  ServiceComputeType: OptionalText,
  ModelIds: OptionalText,
  ServiceTags: TextMap,
  ServiceProperties: TextMap,
});

/** More models than this are not behind one service. */
const MOST_MODELS = 50;

/** Id: workspace, the event's own id and the model; a service of two models gives two signals. */
export const modelDeployed: EventParser = (event, { rule, occurredAt, data }) => {
  const read = Deployed.safeParse(data ?? {});
  if (!read.success) return { problem: read.error };
  const endpoint = read.data.ServiceName ?? /^endpoints\/(.+)$/i.exec(event.subject)?.[1];
  if (!endpoint)
    return rejected(rule, "data.ServiceName", "expected an endpoint's name, found nothing, nor in 'subject'");
  const models = (read.data.ModelIds ?? "")
    .split(",", MOST_MODELS)
    .flatMap((id) => modelAndVersion(id) ?? [])
    .filter(({ version }) => version !== "");
  const signals = (models.length > 0 ? models : [{}]).map(
    (model): Signal =>
      buildSignal({
        id: signalId("model.deployed", foldCase(event.source), event.id, JSON.stringify(model)),
        kind: "model.deployed",
        subject: { ...subjectOf(event.source), endpoint, ...model },
        severity: 4,
        occurredAt,
        facts: { computeType: read.data.ServiceComputeType },
        tags: { tag: read.data.ServiceTags, property: read.data.ServiceProperties },
        source: { door: DOOR, type: event.type, id: event.id },
      }),
  );
  return signalled(rule, ...signals);
};

const DatasetDrift = caseless({
  DataDriftId: Name,
  DataDriftName: Name,
  RunId: OptionalText,
  BaseDatasetId: OptionalText,
  TargetDatasetId: OptionalText,
  DriftCoefficient: LooseNumber,
  StartTime: OptionalText,
  EndTime: OptionalText,
});

/** Id: the monitor and its run, which the subject names too; without a run, the event's own id. */
export const datasetDriftDetected: EventParser = (event, { rule, occurredAt, data }) => {
  const read = DatasetDrift.safeParse(data);
  if (!read.success) return { problem: read.error };
  const { DataDriftId, DataDriftName, DriftCoefficient, StartTime, EndTime, ...sets } = read.data;
  const run = sets.RunId ?? /^datadrifts?\/.+\/runs?\/(.+)$/i.exec(event.subject)?.[1];
  const [from, to] = [readTime(StartTime), readTime(EndTime)];
  const signal = buildSignal({
    id: signalId("drift.data", foldCase(event.source), DataDriftId, run ?? event.id),
    kind: "drift.data",
    subject: { ...subjectOf(event.source), ...(run === undefined ? {} : { job: run }) },
    severity: 2,
    occurredAt,
    measurements: [
      {
        metric: "DriftCoefficient",
        value: DriftCoefficient ?? null,
        threshold: null,
        ...(from !== null && to !== null ? { window: `${from}/${to}` } : {}),
      },
    ],
    facts: { monitor: DataDriftName, baseDataset: sets.BaseDatasetId, targetDataset: sets.TargetDatasetId },
    source: { door: DOOR, type: event.type, id: event.id },
  });
  return signalled(rule, signal);
};
