#include "os/path.hpp"

#include <climits>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

namespace heddle::wasi::os {

namespace {

constexpr mode_t new_file_mode = 0666;
constexpr int max_links = 40;             // as Linux
constexpr std::size_t max_depth = 256;    // directories held open by one walk
constexpr int directory_flags = O_PATH | O_DIRECTORY | O_CLOEXEC;

// ---- the kernel's way

Os<Descriptor> open_by_kernel(int base, const std::string& path, int flags) {
    open_how how{};
    how.flags = u64(flags);
    how.mode = (flags & O_CREAT) != 0 ? new_file_mode : 0;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
    // EAGAIN: a rename elsewhere made the answer unsure for a moment.
    for (int attempt = 0; attempt < 64; ++attempt) {
        long fd = syscall(SYS_openat2, base, path.c_str(), &how, sizeof how);
        if (fd >= 0) return Descriptor(int(fd));
        if (errno != EAGAIN && errno != EINTR) break;
    }
    if (errno == EXDEV) return fail(Errno::perm);
    return last_error();
}

// ---- our way

Os<std::string> link_contents(int directory, const std::string& name) {
    std::string contents(PATH_MAX, '\0');
    ssize_t n = readlinkat(directory, name.c_str(), contents.data(), contents.size());
    if (n < 0) return last_error();
    contents.resize(std::size_t(n));
    return contents;
}

bool is_symbolic_link(int fd) {
    struct stat s;
    return fstat(fd, &s) == 0 && S_ISLNK(s.st_mode);
}

// Opens one component at a time and never lets the system follow a link: links are read and their components walked in turn. The
// directories on the way stay open, so that ".." is the directory we came through, wherever it has been moved meanwhile.
class Walk {
public:
    explicit Walk(int base) : base_(base) {}

    Os<Descriptor> open(std::string_view path, int flags) {
        follow_ = (flags & O_NOFOLLOW) == 0;
        if (Os<void> r = push(path); !r) return fail(r.error());
        while (!rest_.empty()) {
            std::string component = std::move(rest_.back());
            rest_.pop_back();
            if (component == ".") continue;
            if (component == "..") {
                if (below_.empty()) return fail(Errno::perm);
                below_.pop_back();
                continue;
            }
            if (rest_.empty()) {
                Os<Descriptor> last = open_last(component, flags);
                if (!last || *last) return last;
            } else if (Os<void> r = enter(component); !r) {
                return fail(r.error());
            }
        }
        return open_here(flags);
    }

private:
    int here() const { return below_.empty() ? base_ : below_.back().get(); }

    // Puts the components of `path` before what is still to be visited.
    Os<void> push(std::string_view path) {
        if (path.empty()) return fail(Errno::noent);
        if (path.front() == '/') return fail(Errno::perm);
        if (rest_.empty() && path.back() == '/') slash_ = true;
        while (!path.empty()) {
            std::size_t slash = path.rfind('/');
            std::size_t start = slash == path.npos ? 0 : slash + 1;
            if (start < path.size()) rest_.emplace_back(path.substr(start));
            path = path.substr(0, slash == path.npos ? 0 : slash);
        }
        return {};
    }

    Os<void> expand(const std::string& name) {
        if (++links_ > max_links) return fail(Errno::loop);
        Os<std::string> contents = link_contents(here(), name);
        if (!contents) return fail(contents.error());
        return push(*contents);
    }

    Os<void> enter(const std::string& name) {
        Descriptor next(openat(here(), name.c_str(), directory_flags | O_NOFOLLOW));
        if (next) {
            if (below_.size() >= max_depth) return fail(Errno::nametoolong);
            below_.push_back(std::move(next));
            return {};
        }
        if (errno != ENOTDIR && errno != ELOOP) return last_error();
        Os<void> r = expand(name);
        if (!r && r.error() == Errno::inval) return fail(Errno::notdir);  // not a link after all
        return r;
    }

    // An empty Descriptor: the component was a link and its components are to be visited now.
    Os<Descriptor> open_last(const std::string& name, int flags) {
        if (slash_ && (flags & O_CREAT) != 0) return fail(Errno::isdir);
        bool follow = follow_ || slash_;
        int all = flags | O_NOFOLLOW | (slash_ ? O_DIRECTORY : 0);
        Descriptor last(openat(here(), name.c_str(), all, new_file_mode));
        int error = errno;
        if (last && !(follow && (flags & O_PATH) != 0 && is_symbolic_link(last.get()))) return last;
        bool may_be_link = last || error == ELOOP || error == ENOTDIR;
        if (!follow || !may_be_link) return fail(errno_of(error));
        Os<void> r = expand(name);
        if (r) return Descriptor();
        return fail(r.error() == Errno::inval ? errno_of(error) : r.error());
    }

    // The path ended in "." or "..".
    Os<Descriptor> open_here(int flags) {
        if ((flags & O_CREAT) != 0) return fail((flags & O_EXCL) != 0 ? Errno::exist : Errno::isdir);
        Descriptor d(openat(here(), ".", flags | O_NOFOLLOW));
        if (!d) return last_error();
        return d;
    }

    int base_;
    bool follow_ = false, slash_ = false;
    int links_ = 0;
    std::vector<std::string> rest_;      // components still to visit, the next one last
    std::vector<Descriptor> below_;      // the directories we are in, innermost last; empty: in base_
};

// ---- both ways

Os<Descriptor> open_beneath(Base base, std::string_view path, int flags) {
    if (path.empty()) return fail(Errno::noent);
    flags |= O_CLOEXEC;
    bool kernel = base.how == Confinement::kernel || (base.how == Confinement::automatic && kernel_confines());
    return kernel ? open_by_kernel(base.fd, std::string(path), flags) : Walk(base.fd).open(path, flags);
}

// The directory a name is in, and the name: one component, never ".." and without slashes.
struct Place {
    Descriptor directory;
    std::string name;
    bool slash;          // the path ended with one: it means a directory
};

Os<Place> place(Base base, std::string_view path) {
    if (path.empty()) return fail(Errno::noent);
    if (path.front() == '/') return fail(Errno::perm);
    std::string_view bare = path.substr(0, path.find_last_not_of('/') + 1);
    std::size_t slash = bare.rfind('/');
    std::string_view name = slash == bare.npos ? bare : bare.substr(slash + 1);
    std::string_view parent = slash == bare.npos ? "." : bare.substr(0, slash);
    // ".." names a directory like any other, whose own name we do not know: "." in it gives the errors that fit.
    if (name == "..") parent = bare, name = ".";
    Os<Descriptor> directory = open_beneath(base, parent, directory_flags);
    if (!directory) return fail(directory.error());
    return Place{std::move(*directory), std::string(name), bare.size() != path.size()};
}

// What stands at the place itself; a symbolic link is not followed.
Os<struct stat> look(const Place& p) {
    struct stat s;
    if (fstatat(p.directory.get(), p.name.c_str(), &s, AT_SYMLINK_NOFOLLOW) != 0) return last_error();
    return s;
}

// A new name that is not a directory's cannot end with a slash.
Os<void> refuse_slash_at_new_name(const Place& p) {
    if (!p.slash) return {};
    return fail(look(p) ? Errno::exist : Errno::noent);
}

Os<void> result(int r) {
    if (r != 0) return last_error();
    return {};
}

}  // namespace

bool kernel_confines() {
    static const bool has = [] {
        Descriptor here(::open("/", directory_flags));
        return bool(open_by_kernel(here.get(), ".", directory_flags));
    }();
    return has;
}

Os<Descriptor> open(Base base, std::string_view path, const OpenHow& how) {
    int flags = how.write ? (how.read ? O_RDWR : O_WRONLY) : O_RDONLY;
    // A FIFO without a peer must not hold us up, a terminal must not become ours.
    flags |= O_NONBLOCK | O_NOCTTY;
    if (how.create) flags |= O_CREAT;
    if (how.exclusive) flags |= O_EXCL;
    if (how.truncate) flags |= O_TRUNC;
    if (how.directory) flags |= O_DIRECTORY;
    if (!how.follow) flags |= O_NOFOLLOW;
    if (how.append) flags |= O_APPEND;
    if (how.data_sync) flags |= O_DSYNC;
    if (how.sync) flags |= O_SYNC;
    return open_beneath(base, path, flags);
}

Os<Metadata> path_status(Base base, std::string_view path, bool follow) {
    Os<Descriptor> d = open_beneath(base, path, O_PATH | (follow ? 0 : O_NOFOLLOW));
    if (!d) return fail(d.error());
    return status(d->get());
}

Os<void> set_path_times(Base base, std::string_view path, bool follow, NewTime accessed, NewTime modified) {
    Os<Descriptor> d = open_beneath(base, path, O_PATH | (follow ? 0 : O_NOFOLLOW));
    if (!d) return fail(d.error());
    return set_times_of_path(d->get(), accessed, modified);
}

Os<void> create_directory(Base base, std::string_view path) {
    Os<Place> p = place(base, path);
    if (!p) return fail(p.error());
    return result(mkdirat(p->directory.get(), p->name.c_str(), 0777));
}

Os<void> remove_directory(Base base, std::string_view path) {
    Os<Place> p = place(base, path);
    if (!p) return fail(p.error());
    return result(unlinkat(p->directory.get(), p->name.c_str(), AT_REMOVEDIR));
}

Os<void> unlink_file(Base base, std::string_view path) {
    Os<Place> p = place(base, path);
    if (!p) return fail(p.error());
    if (p->slash) {
        Os<struct stat> s = look(*p);
        if (!s) return fail(s.error());
        return fail(S_ISDIR(s->st_mode) ? Errno::isdir : Errno::notdir);
    }
    return result(unlinkat(p->directory.get(), p->name.c_str(), 0));
}

Os<std::string> read_link(Base base, std::string_view path) {
    Os<Place> p = place(base, path);
    if (!p) return fail(p.error());
    if (p->slash) {  // the directory the link leads to, which is no link
        Os<Descriptor> d = open_beneath(base, path, directory_flags);
        return fail(d ? Errno::inval : d.error());
    }
    return link_contents(p->directory.get(), p->name);
}

Os<void> link(Base from_base, std::string_view from, Base to_base, std::string_view to) {
    Os<Place> a = place(from_base, from);
    if (!a) return fail(a.error());
    if (a->slash) {  // only a directory can be meant, and directories have no hard links
        Os<Descriptor> d = open_beneath(from_base, from, directory_flags);
        return fail(d ? Errno::perm : d.error());
    }
    Os<Place> b = place(to_base, to);
    if (!b) return fail(b.error());
    if (Os<void> r = refuse_slash_at_new_name(*b); !r) return r;
    return result(linkat(a->directory.get(), a->name.c_str(), b->directory.get(), b->name.c_str(), 0));
}

Os<void> rename(Base from_base, std::string_view from, Base to_base, std::string_view to) {
    Os<Place> a = place(from_base, from);
    if (!a) return fail(a.error());
    Os<Place> b = place(to_base, to);
    if (!b) return fail(b.error());
    if (a->slash || b->slash) {  // a directory is meant
        Os<struct stat> s = look(*a);
        if (!s) return fail(s.error());
        if (!S_ISDIR(s->st_mode)) return fail(Errno::notdir);
    }
    return result(renameat(a->directory.get(), a->name.c_str(), b->directory.get(), b->name.c_str()));
}

Os<void> symbolic_link(std::string_view contents, Base base, std::string_view path) {
    if (contents.starts_with('/')) return fail(Errno::perm);
    Os<Place> p = place(base, path);
    if (!p) return fail(p.error());
    if (Os<void> r = refuse_slash_at_new_name(*p); !r) return r;
    return result(symlinkat(std::string(contents).c_str(), p->directory.get(), p->name.c_str()));
}

Os<Descriptor> open_host_directory(const std::string& path) {
    Descriptor d(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!d) return last_error();
    return d;
}

}  // namespace heddle::wasi::os
