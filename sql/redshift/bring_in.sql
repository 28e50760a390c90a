-- What is staged becomes what is published.
insert into {published} ({columns})
select {columns} from {staged}
