// As much JSON as the documentation of WIT packages is written in: objects and strings; whatever else there is in a text is read over.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace heddle::component::tools {

struct JsonMember;
using JsonObject = std::vector<JsonMember>;  // in the order of the text

class Json {
public:
    Json() = default;  // null, a number, a bool or an array
    explicit Json(std::string s);
    explicit Json(JsonObject o);
    Json(const Json&);
    Json(Json&&) noexcept;
    Json& operator=(Json) noexcept;
    ~Json();

    const std::string* string() const { return kind_ == Kind::string ? &text_ : nullptr; }
    bool is_object() const { return kind_ == Kind::object; }
    // Null: no object, or none of that name in it.
    const Json* find(std::string_view name) const;
    const JsonObject& members() const { return members_; }  // none, when it is no object

private:
    enum class Kind { other, string, object };
    Kind kind_ = Kind::other;
    std::string text_;
    JsonObject members_;
};
struct JsonMember {
    std::string name;
    Json value;
};

// Throws Error (malformed), with the offset into the text. Depth is bounded.
Json parse_json(std::string_view text);
std::string to_string(const Json& j);

}  // namespace heddle::component::tools
