import { Evaluation } from "../../shared/checks/verdict.ts";
import { call, callSubs, orchestration } from "../durable.ts";
import { resolveData } from "./activities.ts";
import { qualityCheck } from "./quality-check.ts";
import { smokeCheck } from "./smoke-check.ts";
import { EvaluationInput } from "./types.ts";

/** Runs every check of the policy side by side on the newest production data; the candidate passes if all do. */
export const stagingEvaluation = orchestration(
  "stagingEvaluation",
  EvaluationInput,
  Evaluation,
  function* (context, input) {
    const { dataAsset } = input.policy.retraining;
    const { reference, version } = yield* call(context, resolveData, { dataAsset });
    const check = { ...input, data: reference };
    const verdicts = yield* callSubs(
      context,
      [qualityCheck, smokeCheck].map((child) => ({
        orchestration: child,
        input: check,
        instanceId: `${context.df.instanceId}-${child.name}`,
      })),
    );
    return {
      passed: verdicts.every(({ verdict }) => verdict === "passed"),
      verdicts,
      data: `${dataAsset}:${version}`,
    };
  },
);
