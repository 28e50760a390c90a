# One task, tried again if waiting helps. A retry of Amazon's language tells errors apart by their name only, and every
# task that fails has the same, so the exit code is read from what Step Functions says of the task. Names of states are
# unique in a whole machine, so each names its step.

locals {
  run_task = { for step in ["check", "extract", "transform", "publish", "publish_redshift"] : step => {
    ProcessorConfig = { Mode = "INLINE" }
    StartAt         = "run: ${step}"
    States = {
      "run: ${step}" = {
        Type           = "Task"
        Resource       = "arn:aws:states:::ecs:runTask.sync"
        TimeoutSeconds = var.task_timeout_s
        Parameters = {
          Cluster        = aws_ecs_cluster.this.arn
          TaskDefinition = aws_ecs_task_definition.etl.arn
          LaunchType     = "FARGATE"
          NetworkConfiguration = {
            AwsvpcConfiguration = {
              Subnets        = var.subnet_ids
              SecurityGroups = [aws_security_group.task.id]
              AssignPublicIp = "DISABLED"
            }
          }
          Overrides = { ContainerOverrides = [{ Name = "etl", "Command.$" = "States.StringSplit($.command, ' ')" }] }
        }
        ResultPath = null
        Catch      = [{ ErrorEquals = ["States.ALL"], ResultPath = "$.failure", Next = "did it run?: ${step}" }]
        End        = true
      }
      "did it run?: ${step}" = {
        Type = "Choice"
        Choices = [{
          And = [
            { Variable = "$.failure.Cause", IsPresent = true },
            { Variable = "$.failure.Cause", StringMatches = "{*\"Containers\"*" },
          ]
          Next = "read: ${step}"
        }]
        Default = "not started: ${step}"
      }
      "not started: ${step}" = {
        Type      = "Fail"
        Error     = "NotStarted"
        CausePath = "States.Format('etl {} did not start or took too long: {}', $.command, States.JsonToString($.failure))"
      }
      "read: ${step}" = {
        Type       = "Pass"
        Parameters = { "task.$" = "States.StringToJson($.failure.Cause)" }
        ResultPath = "$.stopped"
        Next       = "has it a code?: ${step}"
      }
      "has it a code?: ${step}" = {
        Type    = "Choice"
        Choices = [{ Variable = "$.stopped.task.Containers[0].ExitCode", IsPresent = true, Next = "its code: ${step}" }]
        Default = "no code: ${step}"
      }
      "its code: ${step}" = {
        Type       = "Pass"
        Parameters = { "is.$" = "States.ArrayGetItem($.stopped.task.Containers[*].ExitCode, 0)" }
        ResultPath = "$.code"
        Next       = "again?: ${step}"
      }
      "no code: ${step}" = { Type = "Pass", Result = { is = -1 }, ResultPath = "$.code", Next = "again?: ${step}" }
      "again?: ${step}" = {
        Type = "Choice"
        Choices = [{
          And = [
            { Or = [for code in local.passing : { Variable = "$.code.is", NumericEquals = code }] },
            { Variable = "$.attempt", NumericLessThan = var.retry.attempts },
          ]
          Next = "wait: ${step}"
        }]
        Default = "give up: ${step}"
      }
      "wait: ${step}" = { Type = "Wait", SecondsPath = "$.wait_s", Next = "once more: ${step}" }
      "once more: ${step}" = {
        Type = "Pass"
        Parameters = {
          "command.$" = "$.command"
          "attempt.$" = "States.MathAdd($.attempt, 1)"
          "wait_s.$"  = "States.MathAdd($.wait_s, $.wait_s)"
        }
        Next = "run: ${step}"
      }
      "give up: ${step}" = {
        Type      = "Fail"
        Error     = "EtlFailed"
        CausePath = "States.Format('etl {} ended with exit code {} at attempt {}. Its last lines, in log group ${aws_cloudwatch_log_group.this["etl"].name}, say why.', $.command, $.code.is, $.attempt)"
      }
    }
  } }
}
