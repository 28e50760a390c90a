# The same steps and times as in dags/: a test compares them. neows is left out, as it wants an API's key, and
# picture_facts, as it wants the service that describes pictures.

locals {
  sources = {
    spacex  = { schedule = "cron(0 6 * * ? *)", by_days = false, transforms_apart = false, parts = 1 }
    sensors = { schedule = "cron(30 6 * * ? *)", by_days = true, transforms_apart = true, parts = 2 }
    apod    = { schedule = "cron(45 6 * * ? *)", by_days = true, transforms_apart = false, parts = 1 }
    neo     = { schedule = "cron(0 7 * * ? *)", by_days = true, transforms_apart = true, parts = 1 }
    mars    = { schedule = "cron(15 7 * * ? *)", by_days = true, transforms_apart = false, parts = 1 }
  }
}
