# What a run is about: the name of its extraction, its days and its consent, from what the execution was started with.
# Amazon's language knows no concatenation of lists, so arguments are put together as a text and split at its spaces.

locals {
  started = "States.StringSplit($$.Execution.StartTime, '-T:.Z')" # year, month, day, hour, minute, second
  digits  = [for index in range(6) : "States.ArrayGetItem(${local.started}, ${index})"]
  given   = { for name in ["start_date", "end_date", "accept_loss"] : name => { Variable = "$.given.${name}", IsPresent = true } }

  beginning = {
    begin = {
      Type = "Pass"
      Parameters = {
        "given.$" = "$$.Execution.Input"
        # As `etl` names an extraction, but with a random end: a retry continues it, and so does a redrive.
        "extraction.$" = "States.Format('{}{}{}T{}{}{}Z-{}', ${join(", ", local.digits)}, States.MathRandom(100000, 999999))"
        "day.$"        = "States.Format('{}-{}-{}', ${join(", ", slice(local.digits, 0, 3))})"
        consent        = ""
      }
      Next = "accepts losses?"
    }
    "accepts losses?" = {
      Type    = "Choice"
      Choices = [{ And = [local.given.accept_loss, { Variable = "$.given.accept_loss", BooleanEquals = true }], Next = "consent" }]
      Default = "which days?"
    }
    consent = { Type = "Pass", Result = " --accept-loss", ResultPath = "$.consent", Next = "which days?" }
    "which days?" = {
      Type = "Choice"
      Choices = [
        { And = [local.given.start_date, local.given.end_date], Next = "both" },
        merge(local.given.start_date, { Next = "from" }),
        merge(local.given.end_date, { Next = "until" }),
      ]
      Default = "no days"
    }
  }

  # `check` gets what was asked for; all parts of `extract` must agree on the end, so that they name it, even after
  # midnight. Of a source that is not read by days, a run that names none is about everything.
  days = {
    for by_days in [true, false] : by_days => {
      both      = local.dates["both"]
      from      = local.dates["from"]
      until     = local.dates["until"]
      "no days" = local.dates[by_days ? "today" : "all"]
    }
  }
  dates = {
    for name, texts in {
      both  = [" --from={} --to={}', $.given.start_date, $.given.end_date", " --from={} --to={}', $.given.start_date, $.given.end_date"]
      from  = [" --from={}', $.given.start_date", " --from={} --to={}', $.given.start_date, $.day"]
      until = [" --to={}', $.given.end_date", " --to={}', $.given.end_date"]
      today = ["{}', ''", " --to={}', $.day"]
      all   = ["{}', ''", "{}', ''"]
      } : name => {
      Type = "Pass"
      Parameters = {
        "extraction.$" = "$.extraction"
        "consent.$"    = "$.consent"
        "days.$"       = "States.Format('${texts[0]})"
        "days_until.$" = "States.Format('${texts[1]})"
      }
      Next = "parts"
    }
  }
}
