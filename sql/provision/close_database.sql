-- Nobody may connect any more but its owner and whom we let in.
revoke all on database {database} from public
