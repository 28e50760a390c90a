# A state machine for each source, as Airflow has a DAG for each: begin, then its steps in their order.

resource "aws_sfn_state_machine" "source" {
  for_each   = var.sources
  name       = "${var.name}-${each.key}"
  role_arn   = var.state_machine_role_arn
  definition = jsonencode(local.machines[each.key])

  logging_configuration {
    level                  = "ERROR"
    include_execution_data = true
    log_destination        = "${aws_cloudwatch_log_group.this["state-machine"].arn}:*"
  }
}

locals {
  machines = {
    for source, steps in local.steps : source => {
      Comment = "${source}: ${join(" → ", steps[*].name)}. Input: start_date, end_date (exclusive), accept_loss; all optional"
      StartAt = "begin"
      States = merge(
        local.beginning,
        local.days[var.sources[source].by_days],
        { for index, step in steps : step.name => merge(
          {
            Type           = "Map"
            ItemsPath      = "$.parts.${step.name}"
            MaxConcurrency = var.max_parallel_tasks
            ItemSelector = {
              "command.$" = "States.Format('${step.call}{}', ${join(", ", step.values)}, $$.Map.Item.Value)"
              attempt     = 1
              wait_s      = var.retry.first_wait_s
            }
            ItemProcessor = local.run_task[step.name]
            ResultPath    = null
            Catch         = [{ ErrorEquals = ["States.ALL"], ResultPath = "$.failure", Next = "tell" }]
          },
          { for key, value in { Next = try(steps[index + 1].name, null) } : key => value if value != null },
          { for key, value in { End = true } : key => value if index == length(steps) - 1 },
        ) },
        {
          tell = {
            Type     = "Task"
            Resource = "arn:aws:states:::sns:publish"
            Parameters = {
              TopicArn    = aws_sns_topic.failures.arn
              Subject     = "${var.name}: ${source} failed"
              "Message.$" = "States.Format('${source} failed. {}\nExecution: {}', $.failure.Cause, $$.Execution.Id)"
            }
            ResultPath = null
            Retry      = [{ ErrorEquals = ["States.ALL"], IntervalSeconds = 2, MaxAttempts = 3, BackoffRate = 2 }]
            Catch      = [{ ErrorEquals = ["States.ALL"], ResultPath = "$.untold", Next = "failed" }]
            Next       = "failed"
          }
          failed = { Type = "Fail", ErrorPath = "$.failure.Error", CausePath = "$.failure.Cause" }
        },
        { for name in ["parts"] : name => {
          Type       = "Pass"
          Result     = { for step in steps : step.name => step.parts }
          ResultPath = "$.parts"
          Next       = steps[0].name
        } },
      )
    }
  }
}
