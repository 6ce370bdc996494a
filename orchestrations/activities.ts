import { expireApproval, readApproval, remindApprovers, requestApproval } from "./approval/activities.ts";
import type { Activity } from "./durable.ts";
import { notifyOutcome, readChampion, recordChampion } from "./promotion/activities.ts";
import { registerCandidate } from "./retraining/activities.ts";
import { readStepTraffic, setTraffic } from "./rollout/activities.ts";
import { resolveData, sendSmokeRequests } from "./staging-evaluation/activities.ts";
import {
  deleteDeployment,
  ensureDeployment,
  ensureEndpoint,
  readDeployment,
  readEndpoint,
} from "./steps/deployment-activities.ts";
import { readJob, readJobMetrics, submitJob } from "./steps/job-activities.ts";
import { beginOperation, endOperation, readTurn, recordStep } from "./steps/record-activities.ts";

/** An activity whose input and answer are known to itself alone: enough to register it, or to put it in words. */
export interface AnyActivity {
  readonly name: string;
  /** The step in words; the bare name when the input is not what the activity takes. */
  readonly titleOf: (input: unknown) => string;
  readonly visit: <R>(visitor: <I, O>(step: Activity<I, O>) => R) => R;
}

function known<I, O>(step: Activity<I, O>): AnyActivity {
  return {
    name: step.name,
    titleOf: (input) => {
      const parsed = step.input.safeParse(input);
      return parsed.success ? step.title(parsed.data) : step.name;
    },
    visit: (visitor) => visitor(step),
  };
}

/** Every activity that the app registers. */
export const ACTIVITIES: readonly AnyActivity[] = [
  known(beginOperation),
  known(endOperation),
  known(readTurn),
  known(recordStep),
  known(submitJob),
  known(readJob),
  known(readJobMetrics),
  known(ensureEndpoint),
  known(readEndpoint),
  known(ensureDeployment),
  known(readDeployment),
  known(deleteDeployment),
  known(resolveData),
  known(sendSmokeRequests),
  known(requestApproval),
  known(remindApprovers),
  known(readApproval),
  known(expireApproval),
  known(setTraffic),
  known(readStepTraffic),
  known(readChampion),
  known(recordChampion),
  known(notifyOutcome),
  known(registerCandidate),
];
