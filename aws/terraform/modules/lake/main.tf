# The lake: one bucket, whose folders bronze, silver, gold and quarantine are the platform's own layers.

# Nothing of silver or gold goes by its age: a bucket does not know which extraction still has the newest rows of some
# day; `etl lake expire` does. Bronze may become cheaper, and stays readable at once: a later version of the code may
# have to transform it again.
module "lake" {
  source            = "../bucket"
  name              = "${var.name}-lake-${var.account_id}"
  key_arn           = var.key_arn
  force_destroy     = var.force_destroy
  keep_deleted_days = var.keep_deleted_days
  archive           = { bronze-to-archive = { prefix = "${var.prefix}/bronze/", after_days = var.archive_bronze_after_days } }
  log_to            = { bucket = module.logs.name, prefix = "access/lake/" }
}
