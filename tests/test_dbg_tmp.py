from tests.test_workload import *
from tests.conftest import *
def test_zdbg(filled, queries, absent):
    print(filled.execute("select relpages, reltuples, relallvisible from pg_class where relname='tasks'").fetchall())
    print(filled.execute("show autovacuum").fetchall(), filled.execute("show vacuum_cost_delay").fetchall())
    for r in filled.execute("explain select date_trunc('month', created_at,'UTC'), count(*), sum(credit_cost) from tasks where user_id=1 group by 1 order by 1").fetchall(): print(r[0])
    for r in filled.execute("vacuum verbose tasks").fetchall() if 0 else []: print(r)
    print(filled.execute("select pid, datname, state, backend_xmin, backend_xid, query from pg_stat_activity where backend_type='client backend'").fetchall())
