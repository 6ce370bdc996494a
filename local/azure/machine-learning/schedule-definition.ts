import * as z from "zod";
import { JOB_DEFINITION } from "./job-definition.ts";
import { MONITOR } from "./monitor-definition.ts";

const base = {
  startTime: z.string().nullish(),
  endTime: z.string().nullish(),
  timeZone: z.string().default("UTC"),
};
const hour = z.number().int().min(0).max(23);
const minute = z.number().int().min(0).max(59);
const WEEK_DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"] as const;

const Trigger = z.discriminatedUnion("triggerType", [
  z.looseObject({ ...base, triggerType: z.literal("Cron"), expression: z.string().min(1) }),
  z.looseObject({
    ...base,
    triggerType: z.literal("Recurrence"),
    frequency: z.enum(["Minute", "Hour", "Day", "Week", "Month"]),
    interval: z.number().int().min(1),
    schedule: z
      .looseObject({
        hours: z.array(hour),
        minutes: z.array(minute),
        weekDays: z.array(z.enum(WEEK_DAYS)).nullish(),
        monthDays: z.array(z.number().int().min(1).max(31)).nullish(),
      })
      .nullish(),
  }),
]);

const Action = z.discriminatedUnion("actionType", [
  z.looseObject({ actionType: z.literal("CreateJob"), jobDefinition: JOB_DEFINITION }),
  z.looseObject({ actionType: z.literal("CreateMonitor"), monitorDefinition: MONITOR }),
  z.looseObject({
    actionType: z.literal("InvokeBatchEndpoint"),
    /** What the SDKs write: the endpoint, the deployment when not the default, and the body of the invocation. */
    endpointInvocationDefinition: z.looseObject({
      endpointName: z.string(),
      deploymentName: z.string().nullish(),
      properties: z.looseObject({}),
    }),
  }),
]);

export const SCHEDULE_BODY = z.looseObject({
  properties: z.looseObject({
    displayName: z.string().nullish(),
    description: z.string().nullish(),
    tags: z.record(z.string(), z.string().nullable()).nullish(),
    properties: z.record(z.string(), z.string().nullable()).nullish(),
    isEnabled: z.boolean().default(true),
    trigger: Trigger,
    action: Action,
  }),
});

export type Trigger = z.infer<typeof Trigger>;
export type RecurrenceTrigger = Extract<Trigger, { frequency: string }>;
export type CronTrigger = Extract<Trigger, { expression: string }>;

export interface ScheduleProperties extends z.infer<typeof SCHEDULE_BODY.shape.properties> {
  readonly provisioningState: "Creating" | "Updating" | "Deleting" | "Succeeded" | "Failed";
}

export const weekDayOf = (day: number): (typeof WEEK_DAYS)[number] => WEEK_DAYS[day] ?? "Sunday";
