/** What the simulated organization holds from the start. */
export const ORGANIZATION = "outerloop";
export const PROJECT = { id: "00000000-0000-0000-0000-000000000401", name: "models" } as const;

export interface Pipeline {
  readonly id: number;
  readonly name: string;
  readonly folder: string;
  readonly branches: readonly string[];
  /** Names of `templateParameters`; any other is refused. */
  readonly parameters: readonly string[];
}

export const PIPELINES: readonly Pipeline[] = [
  { id: 1, name: "retrain", folder: "\\", branches: ["main"], parameters: ["model", "cause", "marker"] },
  { id: 2, name: "reconfigure", folder: "\\", branches: ["main"], parameters: ["proposal", "marker"] },
];

/** Work item types of the Agile process, and the states of each; the first is that of a new one. */
export const TYPES: Readonly<Record<string, readonly string[]>> = {
  Bug: ["New", "Active", "Resolved", "Closed"],
  Epic: ["New", "Active", "Resolved", "Closed", "Removed"],
  Feature: ["New", "Active", "Resolved", "Closed", "Removed"],
  Issue: ["Active", "Closed"],
  Task: ["New", "Active", "Closed", "Removed"],
  "User Story": ["New", "Active", "Resolved", "Closed", "Removed"],
};

/** Fields that a work item can be given; the others of Azure DevOps are not simulated. */
export const FIELDS: Readonly<Record<string, string>> = {
  "System.Id": "ID",
  "System.Rev": "Rev",
  "System.AreaPath": "Area Path",
  "System.TeamProject": "Team Project",
  "System.IterationPath": "Iteration Path",
  "System.WorkItemType": "Work Item Type",
  "System.State": "State",
  "System.Reason": "Reason",
  "System.AssignedTo": "Assigned To",
  "System.CreatedDate": "Created Date",
  "System.CreatedBy": "Created By",
  "System.ChangedDate": "Changed Date",
  "System.ChangedBy": "Changed By",
  "System.CommentCount": "Comment Count",
  "System.Title": "Title",
  "System.Description": "Description",
  "System.History": "History",
  "System.Tags": "Tags",
  "Microsoft.VSTS.Common.Priority": "Priority",
  "Microsoft.VSTS.Common.Severity": "Severity",
  "Microsoft.VSTS.Common.ClosedDate": "Closed Date",
  "Microsoft.VSTS.TCM.ReproSteps": "Repro Steps",
};

/** Who the app is to Azure DevOps. */
export const IDENTITY = {
  displayName: "Outerloop",
  id: "00000000-0000-0000-0000-00000000000b",
  uniqueName: "outerloop@outerloop.example",
  descriptor: "aad.b3V0ZXJsb29w",
} as const;
