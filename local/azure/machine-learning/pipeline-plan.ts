import * as z from "zod";
import type { Assets } from "./assets.ts";
import { checkBindings } from "./command-binding.ts";
import { guidOf } from "./context.ts";
import {
  ASSET_TYPES,
  type CommandDefinition,
  type JobInput,
  type JobOutput,
  type PipelineDefinition,
  type Step,
} from "./job-definition.ts";
import { LATEST, parseReference } from "./reference.ts";
import { invalid } from "./refusal.ts";

const assetType = z.enum(ASSET_TYPES);
const scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String);

/** A step as the SDKs write it; the official description leaves it open. */
const NODE = z.looseObject({
  type: z.literal("command", { error: "expected command: no other type of step is simulated here" }),
  componentId: z.string().min(1),
  computeId: z.string().nullish(),
  display_name: z.string().nullish(),
  inputs: z
    .record(
      z.string(),
      z.union([
        z.looseObject({ job_input_type: z.literal("literal"), value: scalar }),
        z.looseObject({ job_input_type: assetType, uri: z.string(), mode: z.string().nullish() }),
      ]),
    )
    .nullish(),
  outputs: z
    .record(
      z.string(),
      z.union([
        z.looseObject({ type: z.literal("literal"), value: z.string() }),
        z.looseObject({ job_output_type: assetType, uri: z.string().nullish() }),
      ]),
    )
    .nullish(),
  environment_variables: z.record(z.string(), scalar).nullish(),
});
type Node = z.infer<typeof NODE>;

/** What a command component says it is. */
const COMPONENT = z.looseObject({
  type: z.literal("command", { error: "expected command: no other component is simulated here" }),
  command: z.string().min(1),
  environment: z.string().min(1),
  code: z.string().nullish(),
  inputs: z
    .record(
      z.string(),
      z.looseObject({ type: z.string(), default: scalar.nullish(), optional: z.boolean().nullish() }),
    )
    .nullish(),
  outputs: z.record(z.string(), z.looseObject({ type: assetType })).nullish(),
});
type Component = z.infer<typeof COMPONENT>;

const PARENT = /^\$\{\{\s*parent\.(inputs|outputs)\.([A-Za-z0-9_-]+)\s*\}\}$/;
const SIBLING = /^\$\{\{\s*parent\.jobs\.([A-Za-z0-9_-]+)\.outputs\.([A-Za-z0-9_-]+)\s*\}\}$/;

export const stepJob = (pipelineId: string, node: string): string =>
  guidOf(`${pipelineId}/steps/${node}`.toLowerCase());

/**
 * The steps of a pipeline, each after those it reads from.
 *
 * @param id - of the pipeline job
 * @throws {Refusal} 400 naming the step, and what in it leads nowhere or round in a circle
 */
export function planPipeline(
  { id, name, workspace }: { readonly id: string; readonly name: string; readonly workspace: string },
  pipeline: PipelineDefinition,
  assets: Assets,
): Step[] {
  const nodes = new Map<string, { node: Node; component: Component }>();
  for (const [key, value] of Object.entries(pipeline.jobs ?? {})) {
    const node = read(NODE, value, `jobs.${key}`);
    nodes.set(key, { node, component: componentOf(key, node, workspace, assets) });
  }
  const steps = [...nodes].map(([key, { node, component }]): Step => {
    const inputs = inputsOf(key, node, component, { id, pipeline, nodes });
    const definition: CommandDefinition = {
      jobType: "Command",
      displayName: node.display_name ?? key,
      experimentName: pipeline.experimentName,
      command: component.command,
      environmentId: component.environment,
      codeId: component.code,
      computeId: node.computeId ?? pipeline.computeId ?? pipeline.settings?.default_compute,
      inputs: inputs.values,
      outputs: outputsOf(key, node, component, pipeline, name),
      environmentVariables: node.environment_variables,
    };
    checkBindings(definition);
    return { node: key, job: stepJob(id, key), needs: inputs.needs, definition };
  });
  return inOrder(steps);
}

function componentOf(key: string, { componentId }: Node, workspace: string, assets: Assets): Component {
  const reference = parseReference(componentId);
  const at = `jobs.${key}.componentId`;
  if (reference?.type !== "asset" && reference?.type !== "registry") {
    throw invalid(`${at} is '${componentId}', expected the id of a component version.`);
  }
  const found = assets.locate(workspace, reference, "components");
  if (!found) throw invalid(`${at} is '${componentId}', which is no component here.`, "NotFound");
  const component = read(COMPONENT, found.resource.properties.componentSpec, `the component of jobs.${key}`);
  if (reference.type === "asset") return component;
  return { ...component, environment: inRegistry(reference.registry, component.environment) };
}

/** A registry depends on no workspace: what its component names by name and version is in it as well. */
function inRegistry(registry: string, environment: string): string {
  const named = parseReference(environment);
  if (named?.type !== "asset" || named.workspace) return environment;
  const by = named.version === LATEST ? "labels/latest" : `versions/${named.version}`;
  return `azureml://registries/${registry}/environments/${named.name}/${by}`;
}

function inputsOf(
  key: string,
  node: Node,
  component: Component,
  whole: { id: string; pipeline: PipelineDefinition; nodes: ReadonlyMap<string, { component: Component }> },
): { values: Record<string, JobInput>; needs: string[] } {
  const declared = component.inputs ?? {};
  const values: Record<string, JobInput> = {};
  const needs = new Set<string>();
  for (const name of Object.keys(node.inputs ?? {})) {
    if (Object.hasOwn(declared, name)) continue;
    const names = Object.keys(declared).join(", ") || "none";
    throw invalid(`jobs.${key}.inputs.${name} is no input of its component, expected one of ${names}.`);
  }
  for (const [name, { default: fallback, optional, type }] of Object.entries(declared)) {
    const given = node.inputs?.[name];
    const at = `jobs.${key}.inputs.${name}`;
    if (given === undefined) {
      if (fallback !== undefined && fallback !== null)
        values[name] = { jobInputType: "literal", value: fallback };
      else if (!optional) throw invalid(`${at} is missing, expected a ${type}: its component needs it.`);
      continue;
    }
    const text = given.job_input_type === "literal" ? String(given.value) : String(given.uri);
    const sibling = SIBLING.exec(text);
    if (sibling) {
      const [, from = "", output = ""] = sibling;
      const made = whole.nodes.get(from)?.component.outputs?.[output];
      if (!made) throw invalid(`${at} binds ${text}, which is no output of a step of this pipeline.`);
      needs.add(from);
      const uri = `azureml://jobs/${stepJob(whole.id, from)}/outputs/${output}/paths/`;
      values[name] = { jobInputType: made.type, uri };
      continue;
    }
    values[name] = boundToParent(at, text, whole.pipeline) ?? asInput(given);
  }
  return { values, needs: [...needs] };
}

function boundToParent(at: string, text: string, { inputs }: PipelineDefinition): JobInput | undefined {
  const [, side, name = ""] = PARENT.exec(text) ?? [];
  const found = side === "inputs" ? inputs?.[name] : undefined;
  if (found) return found;
  if (!text.includes("${{")) return undefined;
  const names = Object.keys(inputs ?? {}).join(", ") || "none";
  throw invalid(`${at} binds ${text}, expected an input of the pipeline: ${names}.`);
}

function asInput(given: NonNullable<Node["inputs"]>[string]): JobInput {
  if (given.job_input_type === "literal") return { jobInputType: "literal", value: String(given.value) };
  const mode = typeof given.mode === "string" ? { mode: given.mode } : {};
  return { jobInputType: assetType.parse(given.job_input_type), uri: String(given.uri), ...mode };
}

function outputsOf(
  key: string,
  node: Node,
  component: Component,
  pipeline: PipelineDefinition,
  pipelineName: string,
): Record<string, JobOutput> {
  const outputs = Object.entries(component.outputs ?? {}).map(([name, { type }]) => {
    const given = node.outputs?.[name];
    if (given && "value" in given) {
      const [, side, target = ""] = PARENT.exec(String(given.value)) ?? [];
      if (side !== "outputs" || !pipeline.outputs?.[target]) {
        const names = Object.keys(pipeline.outputs ?? {}).join(", ") || "none";
        throw invalid(
          `jobs.${key}.outputs.${name} binds ${given.value}, expected an output of the pipeline: ${names}.`,
        );
      }
      const uri = `azureml://jobs/${pipelineName}/outputs/${target}/paths/`;
      return [name, { jobOutputType: type, uri }] as const;
    }
    const uri = typeof given?.uri === "string" ? { uri: given.uri } : {};
    return [name, { jobOutputType: type, ...uri }] as const;
  });
  return Object.fromEntries(outputs);
}

function inOrder(steps: readonly Step[]): Step[] {
  const ordered: Step[] = [];
  let waiting = [...steps];
  while (waiting.length > 0) {
    const ready = waiting.filter(({ needs }) =>
      needs.every((need) => ordered.some(({ node }) => node === need)),
    );
    if (ready.length === 0) {
      const names = waiting.map(({ node }) => node).join(", ");
      throw invalid(`The steps ${names} read from each other in a circle, expected an order of steps.`);
    }
    ordered.push(...ready);
    waiting = waiting.filter((step) => !ready.includes(step));
  }
  return ordered;
}

function read<T>(schema: z.ZodType<T>, value: unknown, at: string): T {
  const found = schema.safeParse(value);
  if (found.success) return found.data;
  const problems = found.error.issues.map(({ path, message }) => `${[at, ...path].join(".")}: ${message}`);
  throw invalid(problems.join("; "));
}
