// Files in a preopened directory: write, append, read, seek, truncate, stat, rename, directories, unlink; each errno named.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char* name_of(int error) {
    switch (error) {
    case 0: return "fine";
    case ENOENT: return "ENOENT";
    case EEXIST: return "EEXIST";
    case ENOTDIR: return "ENOTDIR";
    case EISDIR: return "EISDIR";
    case ENOTEMPTY: return "ENOTEMPTY";
    case EBADF: return "EBADF";
    case EINVAL: return "EINVAL";
    default: return strerror(error);
    }
}

static void say(const char* what, int failed) { printf("%s: %s\n", what, name_of(failed ? errno : 0)); }

static int by_name(const void* a, const void* b) { return strcmp(*(char* const*)a, *(char* const*)b); }

static void list(const char* path) {
    DIR* directory = opendir(path);
    if (!directory) {
        say("opendir", 1);
        return;
    }
    char* names[512];
    int count = 0, directories = 0;
    for (struct dirent* entry; (entry = readdir(directory)) && count < 512;) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        directories += entry->d_type == DT_DIR;
        names[count++] = strdup(entry->d_name);
    }
    closedir(directory);
    qsort(names, (size_t)count, sizeof *names, by_name);
    printf("%s holds %d, %d directories:", path, count, directories);
    for (int i = 0; i < count; i++)
        if (i < 4 || i == count - 1) printf(" %s", names[i]);
    printf("\n");
}

static void describe(const char* path) {
    struct stat status;
    if (stat(path, &status)) {
        printf("stat %s: %s\n", path, name_of(errno));
        return;
    }
    if (S_ISDIR(status.st_mode)) printf("stat %s: directory\n", path);
    else printf("stat %s: file of %lld, %d links\n", path, (long long)status.st_size, (int)status.st_nlink);
}

static void write_and_read(void) {
    FILE* file = fopen("data/new.txt", "w");
    say("create", !file);
    fputs("alpha\nbeta\n", file);
    fclose(file);
    file = fopen("data/new.txt", "a");
    fputs("gamma\n", file);
    fclose(file);
    describe("data/new.txt");
    char text[64] = {0};
    file = fopen("data/new.txt", "r");
    fseek(file, 6, SEEK_SET);
    printf("at 6: %s", fgets(text, sizeof text, file));
    fseek(file, -6, SEEK_END);
    printf("last: %s", fgets(text, sizeof text, file));
    printf("tell: %ld\n", ftell(file));
    fclose(file);
}

static void positions(void) {
    const int fd = open("data/new.txt", O_RDWR);
    char text[8] = {0};
    printf("pread %d %.4s\n", (int)pread(fd, text, 4, 6), text);
    printf("pwrite %d\n", (int)pwrite(fd, "BETA", 4, 6));
    printf("position %d\n", (int)lseek(fd, 0, SEEK_CUR));
    say("negative seek", lseek(fd, -1, SEEK_SET) < 0);
    printf("past the end %d\n", (int)lseek(fd, 20, SEEK_SET));
    printf("write there %d\n", (int)write(fd, "!", 1));
    say("truncate", ftruncate(fd, 11));
    say("sync", fsync(fd));
    printf("read at the end %d\n", (int)read(fd, text, 4));
    close(fd);
    say("read after close", read(fd, text, 1) < 0);
    describe("data/new.txt");
}

static void names(void) {
    say("exclusive create", open("data/new.txt", O_CREAT | O_EXCL | O_WRONLY, 0666) < 0);
    say("open missing", open("data/missing", O_RDONLY) < 0);
    say("open below a file", open("data/new.txt/x", O_RDONLY) < 0);
    say("write to a directory", open("data", O_WRONLY) < 0);
    say("mkdir", mkdir("data/made", 0777));
    say("mkdir again", mkdir("data/made", 0777));
    say("rename", rename("data/new.txt", "data/made/moved.txt"));
    say("rename missing", rename("data/new.txt", "data/x"));
    describe("data/new.txt");
    describe("data/made/moved.txt");
    describe("data/made");
    say("rmdir of a full one", rmdir("data/made"));
    say("link", link("data/made/moved.txt", "data/made/second.txt"));
    describe("data/made/second.txt");
    say("symlink", symlink("moved.txt", "data/made/pointer"));
    char target[32] = {0};
    printf("readlink %d %s\n", (int)readlink("data/made/pointer", target, sizeof target - 1), target);
    describe("data/made/pointer");
    list("data/made");
    say("unlink", unlink("data/made/second.txt"));
    say("unlink again", unlink("data/made/second.txt"));
    say("unlink link", unlink("data/made/pointer"));
    describe("data/made/moved.txt");
}

// More entries than one readdir buffer holds.
static void many(void) {
    say("mkdir many", mkdir("data/many", 0777));
    char path[64];
    for (int i = 0; i < 200; i++) {
        snprintf(path, sizeof path, "data/many/a-rather-long-name-%03d", i);
        const int fd = open(path, O_CREAT | O_WRONLY, 0666);
        if (fd < 0) say(path, 1);
        close(fd);
    }
    list("data/many");
    for (int i = 0; i < 200; i++) {
        snprintf(path, sizeof path, "data/many/a-rather-long-name-%03d", i);
        if (unlink(path)) say(path, 1);
    }
    say("rmdir many", rmdir("data/many"));
}

int main(void) {
    list("data");
    write_and_read();
    positions();
    names();
    many();
    list("data");
    return 0;
}
