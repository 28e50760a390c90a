# One task, tried again if waiting helps. A retry of Amazon's language tells errors apart by their name only, and every
# task that fails has the same, so the exit code is read from what Step Functions says of the task.

locals {
  run_task = {
    ProcessorConfig = { Mode = "INLINE" }
    StartAt         = "run"
    States = {
      run = {
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
        Catch      = [{ ErrorEquals = ["States.ALL"], ResultPath = "$.failure", Next = "did it run?" }]
        End        = true
      }
      "did it run?" = {
        Type = "Choice"
        Choices = [{
          And = [
            { Variable = "$.failure.Cause", IsPresent = true },
            { Variable = "$.failure.Cause", StringMatches = "{*\"Containers\"*" },
          ]
          Next = "read"
        }]
        Default = "not started"
      }
      "not started" = {
        Type      = "Fail"
        Error     = "NotStarted"
        CausePath = "States.Format('etl {} did not start or took too long: {}', $.command, States.JsonToString($.failure))"
      }
      read = {
        Type       = "Pass"
        Parameters = { "task.$" = "States.StringToJson($.failure.Cause)" }
        ResultPath = "$.stopped"
        Next       = "has it a code?"
      }
      "has it a code?" = {
        Type    = "Choice"
        Choices = [{ Variable = "$.stopped.task.Containers[0].ExitCode", IsPresent = true, Next = "its code" }]
        Default = "no code"
      }
      "its code" = {
        Type       = "Pass"
        Parameters = { "is.$" = "States.ArrayGetItem($.stopped.task.Containers[*].ExitCode, 0)" }
        ResultPath = "$.code"
        Next       = "again?"
      }
      "no code" = { Type = "Pass", Result = { is = -1 }, ResultPath = "$.code", Next = "again?" }
      "again?" = {
        Type = "Choice"
        Choices = [{
          And = [
            { Or = [for code in local.passing : { Variable = "$.code.is", NumericEquals = code }] },
            { Variable = "$.attempt", NumericLessThan = var.retry.attempts },
          ]
          Next = "wait"
        }]
        Default = "give up"
      }
      wait = { Type = "Wait", SecondsPath = "$.wait_s", Next = "once more" }
      "once more" = {
        Type = "Pass"
        Parameters = {
          "command.$" = "$.command"
          "attempt.$" = "States.MathAdd($.attempt, 1)"
          "wait_s.$"  = "States.MathAdd($.wait_s, $.wait_s)"
        }
        Next = "run"
      }
      "give up" = {
        Type      = "Fail"
        Error     = "EtlFailed"
        CausePath = "States.Format('etl {} ended with exit code {} at attempt {}. Its last lines, in log group ${aws_cloudwatch_log_group.this["etl"].name}, say why.', $.command, $.code.is, $.attempt)"
      }
    }
  }
}
