variable "name" {
  description = "Begins the name of every resource. Two deployments in one account and region need two names. Null: the project's name in pipeline.json."
  type        = string
  default     = null

  validation {
    condition     = var.name == null || can(regex("^[a-z][a-z0-9-]{0,22}[a-z0-9]$", var.name))
    error_message = "The name has 2 to 24 lower-case letters, digits and hyphens; a letter first, no hyphen last."
  }
}

variable "bucket_suffix" {
  description = "Ends the names of the buckets, which are unique in all of AWS. Null: the account's id and the region."
  type        = string
  default     = null

  validation {
    condition     = var.bucket_suffix == null || can(regex("^([a-z0-9][a-z0-9-]{0,30}[a-z0-9])?$", var.bucket_suffix))
    error_message = "The suffix has lower-case letters, digits and hyphens, no hyphen first or last, 32 characters at most."
  }
}

variable "tags" {
  description = "Tags of every resource, beside `project` and `deployment`."
  type        = map(string)
  default     = {}
}

variable "package" {
  description = "The functions' package, as `statewright deploy` builds it."
  type        = string
  default     = "../build/functions.zip"

  validation {
    condition     = endswith(var.package, ".zip")
    error_message = "The package is a zip file."
  }
}

variable "kms_key_arn" {
  description = "A KMS key of yours that encrypts everything: buckets, tables, queues, topics, logs, functions' variables, executions. Null: keys of AWS. docs/infrastructure.md says what its policy must allow."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.kms_key_arn))
    error_message = "This is the ARN of a key (arn:aws:kms:…:key/…), not an id and not an alias."
  }
}

variable "generate_parameters" {
  description = "Whether secret parameters, as the key of pseudonyms, are random. False: they are in `parameter_values`."
  type        = bool
  default     = true
}

variable "parameter_values" {
  description = "The values of the secret parameters, by name, where a deployment takes over those of another: with the same key it gives the same pseudonyms. Written when a parameter is created, and kept nowhere else."
  type        = map(string)
  default     = {}
  ephemeral   = true
  sensitive   = true
}

variable "max_message_bytes" {
  description = "The largest message that any queue takes, below what pipeline.json says. The provider takes no more than 262144 before its version 6.8; with a later one, 1048576 lets messages of 1 MiB in."
  type        = number
  default     = 262144

  validation {
    condition     = var.max_message_bytes >= 1024 && var.max_message_bytes <= 1048576 && floor(var.max_message_bytes) == var.max_message_bytes
    error_message = "SQS takes messages of 1024 to 1048576 bytes."
  }
}

variable "deletion_protection" {
  description = "Tables cannot be deleted, and buckets only when they are empty. Apply with false before you destroy."
  type        = bool
  default     = true
}

variable "noncurrent_version_days" {
  description = "Days that replaced and deleted versions of objects stay."
  type        = number
  default     = 30

  validation {
    condition     = var.noncurrent_version_days >= 7 && floor(var.noncurrent_version_days) == var.noncurrent_version_days
    error_message = "Seven days at least: executions of a version may be redriven that long."
  }
}

variable "log_retention_days" {
  description = "Days that logs of functions and executions stay."
  type        = number
  default     = 90

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "CloudWatch knows 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 and 3653 days."
  }
}

variable "log_level" {
  description = "What the functions log: DEBUG, INFO, WARNING or ERROR."
  type        = string
  default     = "INFO"

  validation {
    condition     = contains(["DEBUG", "INFO", "WARNING", "ERROR"], var.log_level)
    error_message = "DEBUG, INFO, WARNING or ERROR."
  }
}

variable "execution_log_level" {
  description = "Which events of executions are logged: ERROR or ALL."
  type        = string
  default     = "ERROR"

  validation {
    condition     = contains(["ERROR", "ALL"], var.execution_log_level)
    error_message = "ERROR or ALL."
  }
}

variable "log_execution_data" {
  description = "Whether those logs hold the input and output of states. Off: an execution may be started with a record."
  type        = bool
  default     = false
}

variable "reserved_concurrency" {
  description = "Concurrent executions reserved for a function, by its name in pipeline.json, for example { write_to_ddb = 40 }. A function that is not named shares the account's."
  type        = map(number)
  default     = {}

  validation {
    condition     = alltrue([for count in values(var.reserved_concurrency) : count >= 1 && floor(count) == count])
    error_message = "At least one each: zero would stop the function."
  }
  validation {
    condition     = alltrue([for name in keys(var.reserved_concurrency) : contains(keys(local.description.functions), name)])
    error_message = "Only functions of pipeline.json: ${join(", ", keys(local.description.functions))}."
  }
}

variable "stable_versions" {
  description = "While a new version is tried: the ARN of the version that keeps the rest of the executions, by state machine. `statewright deploy` sets it."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for name in keys(var.stable_versions) : contains(keys(local.description.state_machines), name)])
    error_message = "Only state machines of pipeline.json: ${join(", ", keys(local.description.state_machines))}."
  }
  validation {
    condition     = alltrue([for arn in values(var.stable_versions) : can(regex("^arn:aws[a-z-]*:states:[a-z0-9-]+:[0-9]{12}:stateMachine:[^:]+:[0-9]+$", arn))])
    error_message = "These are ARNs of versions (arn:aws:states:…:stateMachine:<name>:<number>)."
  }
}

variable "canary_percent" {
  description = "The share of executions that the newest version takes where `stable_versions` names another; 0 returns all to that one."
  type        = number
  default     = 100

  validation {
    condition     = var.canary_percent >= 0 && var.canary_percent <= 100 && floor(var.canary_percent) == var.canary_percent
    error_message = "A whole number from 0 to 100."
  }
}

variable "notification_emails" {
  description = "Who gets what the pipeline tells: files done, files failed, alerts of records. Each confirms by a link in a mail."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for address in var.notification_emails : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", address))])
    error_message = "Each is a mail address."
  }
}

variable "alarm_emails" {
  description = "Who gets the alarms, and the budget's warnings. Each confirms by a link in a mail."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for address in var.alarm_emails : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", address))])
    error_message = "Each is a mail address."
  }
}

variable "max_invalid_percent" {
  description = "The alarm `invalid_share` of a dataset: more than this share of an hour's records is invalid."
  type        = number
  default     = 5

  validation {
    condition     = var.max_invalid_percent >= 0 && var.max_invalid_percent < 100
    error_message = "From 0 to below 100."
  }
}

variable "monthly_budget_usd" {
  description = "A budget that warns `alarm_emails` at 80 % and at a forecast of 100 %. It counts what has the tag `deployment`, which must be activated as a cost allocation tag. Null: none."
  type        = number
  default     = null

  validation {
    condition     = var.monthly_budget_usd == null || try(var.monthly_budget_usd > 0, false)
    error_message = "More than zero."
  }
  validation {
    condition     = var.monthly_budget_usd == null || length(var.alarm_emails) > 0
    error_message = "A budget needs somebody to warn: alarm_emails is empty."
  }
}
