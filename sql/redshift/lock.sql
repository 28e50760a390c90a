-- Only one run publishes at a time; readers of other tables do not wait.
lock table ops.published
