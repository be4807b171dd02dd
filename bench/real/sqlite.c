// SQLite in memory: inserts, indexes, joins, aggregates, updates and text, with a file system that has no files.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sqlite3.h"

static int no_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out) {
    (void)vfs, (void)name, (void)file, (void)flags, (void)out;
    return SQLITE_CANTOPEN;
}
static int not_deleted(sqlite3_vfs* vfs, const char* name, int sync) {
    (void)vfs, (void)name, (void)sync;
    return SQLITE_IOERR_DELETE;
}
static int not_there(sqlite3_vfs* vfs, const char* name, int flags, int* out) {
    (void)vfs, (void)name, (void)flags;
    *out = 0;
    return SQLITE_OK;
}
static int same_path(sqlite3_vfs* vfs, const char* name, int size, char* out) {
    (void)vfs;
    snprintf(out, (size_t)size, "%s", name);
    return SQLITE_OK;
}
static int zeros(sqlite3_vfs* vfs, int size, char* out) {
    (void)vfs;
    memset(out, 0, (size_t)size);
    return size;
}
static int no_sleep(sqlite3_vfs* vfs, int microseconds) {
    (void)vfs;
    return microseconds;
}
static int no_time(sqlite3_vfs* vfs, double* out) {
    (void)vfs;
    *out = 2460000.5;
    return SQLITE_OK;
}
static sqlite3_vfs no_files = {.iVersion = 1, .szOsFile = sizeof(sqlite3_file), .mxPathname = 64, .zName = "none", .xOpen = no_file, .xDelete = not_deleted,
                               .xAccess = not_there, .xFullPathname = same_path, .xRandomness = zeros, .xSleep = no_sleep, .xCurrentTime = no_time};

int sqlite3_os_init(void) { return sqlite3_vfs_register(&no_files, 1); }
int sqlite3_os_end(void) { return SQLITE_OK; }

static sqlite3* database;

static void check(int code) {
    if (code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW) return;
    printf("error %d: %s\n", code, sqlite3_errmsg(database));
    exit(1);
}

static int print_row(void* nothing, int columns, char** values, char** names) {
    (void)nothing, (void)names;
    for (int i = 0; i < columns; i++) printf("%s%s", i ? " | " : "", values[i] ? values[i] : "NULL");
    printf("\n");
    return 0;
}

static void run(const char* text) { check(sqlite3_exec(database, text, print_row, NULL, NULL)); }

static unsigned random_state = 12345;
static unsigned random_below(unsigned limit) {
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % limit;
}

static void insert_people(int count) {
    sqlite3_stmt* insert;
    check(sqlite3_prepare_v2(database, "insert into person(name, town, age) values (?, ?, ?)", -1, &insert, NULL));
    for (int i = 0; i < count; i++) {
        char name[32];
        snprintf(name, sizeof name, "person %u %d", random_below(1000), i);
        check(sqlite3_bind_text(insert, 1, name, -1, SQLITE_TRANSIENT));
        check(sqlite3_bind_int(insert, 2, (int)random_below(200)));
        check(sqlite3_bind_int(insert, 3, (int)random_below(90)));
        check(sqlite3_step(insert));
        check(sqlite3_reset(insert));
    }
    check(sqlite3_finalize(insert));
}

int main(void) {
    check(sqlite3_open(":memory:", &database));
    run("create table town(id integer primary key, name text); create table person(id integer primary key, name text, town int, age int)");
    run("begin");
    run("with recursive n(i) as (select 0 union all select i + 1 from n where i < 199) insert into town select i, 'town ' || i from n");
    insert_people(8000);
    run("commit");
    run("create index by_town on person(town); create index by_name on person(name)");
    run("select count(*), avg(age), min(name), max(name) from person");
    run("select town.name, count(*) c, sum(age) from person join town on town.id = person.town group by town.id order by c desc, town.id limit 3");
    run("select age / 10, count(*), group_concat(id % 7, '') from (select * from person where id < 200) group by 1 order by 1 limit 2");
    run("update person set age = age + 1 where town in (select id from town where name like '%7')");
    run("delete from person where name between 'person 3' and 'person 4'");
    run("select count(*), total(age) from person");
    run("select count(*) from person a join person b on a.town = b.town and a.age = b.age and a.id < b.id");
    run("with recursive c(x, y) as (select 1, 1 union all select x + 1, (y * 31 + x) % 65521 from c where x < 20000) select sum(y), max(y) from c");
    run("select substr(upper(name), 1, 9), length(name), replace(name, 'person', '#') from person where name glob '*9*' order by name desc limit 3");
    check(sqlite3_close(database));
    return 0;
}
