// Types of an app: JSON Schemas compiled into one table, which validation, GraphQL, WIT and the code generators read.
//
//     Types types;
//     types.declare(names_to_schemas);                        // throws Error
//     u32 person = types.compile(schema, "input of greet");
//     auto wrong = types.validate(person, value);             // "<value>.profile.level: expected an integer, there is \"x\""
//
// Draft 2020-12's keywords that describe data; https://json-schema.org/draft/2020-12/json-schema-validation
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <heddle/types.hpp>

#include "json.hpp"

namespace re2 {
class RE2;
}

namespace heddle::wire {

enum class Format : u8 { none, uuid, email, uri, date, date_time, time, ipv4, ipv6, hostname, byte };
const char* to_string(Format f);

namespace kinds {  // of JSON values, as bits
inline constexpr u32 null = 1, boolean = 2, integer = 4, number = 8, string = 16, array = 32, object = 64, any = 127;
}

struct Property {
    std::string name;
    u32 type;
    bool required;
};

// A bound with all the bits of the number in the schema: long double holds every 64-bit integer and every double.
using Bound = std::optional<long double>;

struct TypeNode {
    std::string name;                    // of a declared type; empty for one written in place
    std::string title, description;
    u32 allowed = kinds::any;            // `number` includes integers
    std::optional<u32> ref;              // an alias of another type; nothing else is set
    std::vector<std::string> values;     // enum or const, as canonical text; empty: any
    std::vector<u32> any_of, one_of, all_of;
    Bound minimum, maximum, above, below, multiple_of;
    std::optional<u64> min_length, max_length, min_items, max_items, min_properties, max_properties;
    std::shared_ptr<const re2::RE2> pattern;
    std::string pattern_text;
    Format format = Format::none;
    std::optional<u32> items;            // of array elements after prefix_items
    std::vector<u32> prefix_items;
    bool more_items = true, unique_items = false;
    std::vector<Property> properties;    // in the order of `required`, then by name
    std::optional<u32> additional;       // type of other properties
    bool more_properties = true;
    std::string default_text;
};

class Types {
public:
    Types();
    // Named types, which may refer to each other. Throws Error (kind invalid), naming the place.
    void declare(const Json& names_to_schemas);
    // A type's name, or a schema in place. `where` begins messages.
    u32 compile(const Json& schema, const std::string& where);
    // Reads a file that a `$ref` names; throws Error. Unset: such references are errors.
    void files(std::function<Json(const std::string& path)> read) { read_file_ = std::move(read); }

    static constexpr u32 anything = 0;
    const TypeNode& operator[](u32 type) const { return nodes_[type]; }
    const TypeNode& resolved(u32 type) const { return nodes_[resolve(type)]; }  // behind aliases
    u32 resolve(u32 type) const;
    std::optional<u32> find(std::string_view name) const;
    std::vector<std::string> names() const;
    u32 size() const { return u32(nodes_.size()); }
    // The schema as it was written.
    const std::string& schema_text(u32 type) const { return schemas_[type]; }

    // What is wrong first, with its path; or nothing.
    std::optional<std::string> validate(u32 type, const Json& value) const;

private:
    friend class SchemaReader;
    u32 add();
    std::vector<TypeNode> nodes_;
    std::vector<std::string> schemas_;
    std::map<std::string, u32, std::less<>> names_;
    std::map<std::string, u32> file_types_;     // "path#pointer"
    std::function<Json(const std::string&)> read_file_;
};

// Equal values have equal text: 1.0 is 1, keys are in order.
std::string canonical_text(const Json& value);
// Whether a string has the format.
bool has_format(Format f, std::string_view text);

}  // namespace heddle::wire
