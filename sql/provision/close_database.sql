-- Only its owner, and roles granted access, may connect from now on.
revoke all on database {database} from public
