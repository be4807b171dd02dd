#include "p1/process.hpp"

namespace heddle::wasi::p1 {

namespace {

OpenFile standard_stream(const std::shared_ptr<Stream>& s, bool input) {
    OpenFile f;
    f.stream = s;
    f.read_only = input;
    constexpr Rights changes = rights::fd_write | rights::fd_allocate | rights::fd_filestat_set_size | rights::fd_filestat_set_times;
    Rights direction = input ? changes : Rights(rights::fd_read);
    f.base = rights::of_stream & ~direction;
    if (s->kind != Stream::Kind::descriptor) return f;
    f.descriptor = s->descriptor;
    if (Os<os::Metadata> m = os::status(f.fd())) f.type = m->type;
    if (f.is_positioned()) {
        f.base = rights::of_file & ~direction;
        if (os::is_append(f.fd()).value_or(false)) f.flags |= fdflags::append;
    }
    return f;
}

OpenFile granted_directory(const Directory& d) {
    OpenFile f;
    f.descriptor = d.descriptor;
    f.type = os::FileType::directory;
    f.base = rights::of_directory;
    f.inheriting = rights::of_directory_inheriting;
    f.read_only = d.read_only;
    f.preopen = d.guest_path;
    return f;
}

OpenFile granted_listener(const std::shared_ptr<os::Descriptor>& d) {
    OpenFile f;
    f.descriptor = d;
    f.type = os::FileType::socket_stream;
    f.base = rights::of_listener;
    f.inheriting = rights::of_connection;
    f.listener = true;
    return f;
}

}  // namespace

Os<u32> FileTable::insert(OpenFile f) {
    u32 fd = 0;
    while (fd < files_.size() && files_[fd]) ++fd;
    if (fd >= limit_) return fail(Errno::mfile);
    if (fd == files_.size()) files_.emplace_back();
    files_[fd] = std::move(f);
    return fd;
}

Os<void> FileTable::close(u32 fd) {
    if (!find(fd)) return fail(Errno::badf);
    files_[fd].reset();
    return {};
}

Os<void> FileTable::renumber(u32 from, u32 to) {
    if (!find(from) || !find(to)) return fail(Errno::badf);
    if (from == to) return {};
    files_[to] = std::move(files_[from]);
    files_[from].reset();
    return {};
}

bool FileTable::full() const {
    u32 open = 0;
    for (const auto& f : files_) open += f.has_value();
    return open >= limit_;
}

std::optional<u32> FileTable::find_opened() const {
    for (u32 fd = 0; fd < files_.size(); ++fd)
        if (files_[fd] && !files_[fd]->was_given()) return fd;
    return std::nullopt;
}

Process::Process(const Context& c) : context(c), files(c.data().limits.open_files) {
    for (std::size_t i = 0; i < 3; ++i) (void)files.insert(standard_stream(data().streams[i], i == 0));
    for (const Directory& d : data().directories) (void)files.insert(granted_directory(d));
    for (const auto& l : data().listeners) (void)files.insert(granted_listener(l));
}

Os<OpenFile*> Process::file(u32 fd, Rights needed) {
    OpenFile* f = files.find(fd);
    if (!f) return fail(Errno::badf);
    if (!f->may(needed)) return fail(Errno::notcapable);
    return f;
}

Os<OpenFile*> Process::directory(u32 fd, Rights needed) {
    OpenFile* f = files.find(fd);
    if (!f) return fail(Errno::badf);
    if (!f->is_directory()) return fail(Errno::notdir);
    if (!f->may(needed)) return fail(Errno::notcapable);
    return f;
}

}  // namespace heddle::wasi::p1
