// Asks for what was not granted: every line must end in "refused". With an argument, the directory is read-only.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int surprises;

static void must_fail(const char* what, int result) {
    printf("%s: %s\n", what, result < 0 ? "refused" : "ALLOWED");
    surprises += result >= 0;
}

static void escapes(void) {
    must_fail("parent", open("data/../secret.txt", O_RDONLY));
    must_fail("parent, twice", open("data/sub/../../secret.txt", O_RDONLY));
    must_fail("create in the parent", open("data/../made.txt", O_CREAT | O_WRONLY, 0666));
    must_fail("absolute", open("/etc/passwd", O_RDONLY));
    must_fail("link that leads out", open("data/link-out", O_RDONLY));
    must_fail("link to an absolute path", open("data/link-absolute", O_RDONLY));
    must_fail("below a link that leads out", open("data/link-parent/secret.txt", O_RDONLY));
    must_fail("directory outside", open("data/..", O_RDONLY | O_DIRECTORY));
    must_fail("rename outwards", rename("data/input.txt", "data/../input.txt"));
    must_fail("rename inwards", rename("data/../secret.txt", "data/secret.txt"));
    must_fail("link outwards", link("data/input.txt", "data/../input.txt"));
    must_fail("link inwards", link("data/../secret.txt", "data/secret.txt"));
    must_fail("unlink outside", unlink("data/../secret.txt"));
    must_fail("mkdir outside", mkdir("data/../made", 0777));
    must_fail("symlink outside", symlink("x", "data/../made"));
    must_fail("stat outside", stat("data/../secret.txt", &(struct stat){0}));
    must_fail("another directory", open("elsewhere/x", O_RDONLY));
}

static void changes(void) {
    must_fail("create", open("data/made.txt", O_CREAT | O_WRONLY, 0666));
    must_fail("open for writing", open("data/input.txt", O_WRONLY));
    must_fail("open for both", open("data/input.txt", O_RDWR));
    must_fail("truncate", open("data/input.txt", O_RDONLY | O_TRUNC));
    must_fail("unlink", unlink("data/input.txt"));
    must_fail("rename", rename("data/input.txt", "data/other.txt"));
    must_fail("mkdir", mkdir("data/made", 0777));
    must_fail("rmdir", rmdir("data/sub"));
    must_fail("link", link("data/input.txt", "data/other.txt"));
    must_fail("symlink", symlink("input.txt", "data/other.txt"));
    must_fail("set times", utimensat(AT_FDCWD, "data/input.txt", NULL, 0));
    const int fd = open("data/input.txt", O_RDONLY);
    must_fail("write", (int)write(fd, "x", 1));
    must_fail("set size", ftruncate(fd, 0));
    close(fd);
}

int main(int argc, char** argv) {
    (void)argv;
    if (argc > 1) changes();
    else escapes();
    const int fd = open("data/input.txt", O_RDONLY);
    char text[16] = {0};
    printf("reading: %.9s\n", read(fd, text, 9) == 9 ? text : "(failed)");
    return surprises != 0;
}
