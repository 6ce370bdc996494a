/** The app's entry: whatever is imported here is known to the Functions host. */

import { app } from "@azure/functions";
import { ACTIVITIES } from "../orchestrations/activities.ts";
import { approval } from "../orchestrations/approval/orchestrator.ts";
import { promotion } from "../orchestrations/promotion/orchestrator.ts";
import { retraining } from "../orchestrations/retraining/orchestrator.ts";
import { rollout } from "../orchestrations/rollout/orchestrator.ts";
import { stagingEvaluation } from "../orchestrations/staging-evaluation/orchestrator.ts";
import { qualityCheck } from "../orchestrations/staging-evaluation/quality-check.ts";
import { smokeCheck } from "../orchestrations/staging-evaluation/smoke-check.ts";
import { registerActivity, registerOrchestration } from "./register.ts";
import { services } from "./services.ts";
import "./alerts.ts";
import "./approvals.ts";
import "./console.ts";
import "./costs.ts";
import "./endpoint-traffic.ts";
import "./health.ts";
import "./inbox.ts";
import "./model-events.ts";
import "./operations.ts";
import "./reactions.ts";
import "./records.ts";

// Settings and policy are read at the start: a mistake in them is said now, not at the first event.
app.hook.appStart(() => void services());

registerOrchestration(promotion);
registerOrchestration(retraining);
registerOrchestration(stagingEvaluation);
registerOrchestration(qualityCheck);
registerOrchestration(smokeCheck);
registerOrchestration(approval);
registerOrchestration(rollout);
for (const activity of ACTIVITIES) activity.visit((step) => registerActivity(step, services));
