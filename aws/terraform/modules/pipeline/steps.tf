# How `etl` is called for each step of a source: a text in which the state machine fills in what is between braces, from
# what `values` name. Each part of a step is a task of its own. What is extracted goes into the warehouse and into the
# lake's tables, and is what either of them lacks.

locals {
  steps = {
    for source, declared in var.sources : source => concat(
      [{
        name   = "check"
        call   = "check ${source}{} --destination both"
        values = ["$.days"]
        parts  = [""]
      }],
      [{
        name   = "extract"
        call   = "extract ${source}${declared.transforms_apart ? "" : " --transform"}{} --extraction {} --destination both"
        values = ["$.days_until", "$.extraction"]
        parts  = declared.parts == 1 ? [""] : [for number in range(declared.parts) : " --part ${number + 1}/${declared.parts}"]
      }],
      [for name in ["transform"] : {
        name   = name
        call   = "transform ${source} --extraction {}"
        values = ["$.extraction"]
        parts  = [""]
      } if declared.transforms_apart],
      [{
        name   = "publish"
        call   = "publish ${source}{} --extraction {} --destination both"
        values = ["$.consent", "$.extraction"]
        parts  = [""]
      }],
      [for name in ["publish_redshift"] : {
        name   = name
        call   = "publish ${source}{} --extraction {} --destination redshift"
        values = ["$.consent", "$.extraction"]
        parts  = [""]
      } if var.redshift != null],
    )
  }

  # What is tried again: exit code 75, "would waiting help?", and what ended a task from outside (-1: no exit code).
  passing = [75, 137, 143, -1]
}
