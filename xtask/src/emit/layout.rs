//! Formats code in doc comments to at most 80 columns: rustdoc does not wrap lines, so longer ones would need scrolling.

/// Maximum width of a line in columns.
pub const WIDTH: usize = 80;

/// An expression.
#[derive(Debug, Clone)]
pub struct Code {
    head: String,
    /// The arguments after the head, if there are any, and their delimiters: parentheses, or brackets for a list.
    arguments: Option<(Vec<Code>, (&'static str, &'static str))>,
    methods: Vec<(String, Vec<Code>)>,
    tail: &'static [&'static str],
}

impl Code {
    /// A name or a literal.
    pub fn word(text: &str) -> Self {
        Self { head: text.to_owned(), arguments: None, methods: Vec::new(), tail: &[] }
    }

    /// An array.
    pub fn list(items: impl IntoIterator<Item = Code>) -> Self {
        let mut list = Self::word("");
        list.arguments = Some((items.into_iter().collect(), ("[", "]")));
        list
    }

    /// Calls the function of this name. Without a name, the result is a tuple.
    pub fn call(mut self, arguments: impl IntoIterator<Item = Code>) -> Self {
        self.arguments = Some((arguments.into_iter().collect(), ("(", ")")));
        self
    }

    /// Calls a method on the expression.
    pub fn method(mut self, name: &str, arguments: impl IntoIterator<Item = Code>) -> Self {
        self.methods.push((name.to_owned(), arguments.into_iter().collect()));
        self
    }

    /// Appends a tail, such as `.await?`, in parts that may be on lines of their own.
    pub fn then(mut self, tail: &'static [&'static str]) -> Self {
        self.tail = tail;
        self
    }

    /// The expression as a statement that starts with `binding`.
    pub fn statement(&self, binding: &str) -> String {
        format!("{binding}{};", self.text(0, binding.len() + 1))
    }

    /// The text of the expression at an indentation. `taken` is the number of columns that its first and last line share with
    /// other text.
    fn text(&self, indent: usize, taken: usize) -> String {
        let line = self.on_one_line();
        if indent + taken + line.len() <= WIDTH && (self.methods.len() < 3 || line.len() <= WIDTH / 2) {
            return line;
        }
        let mut text = self.head.clone();
        if let Some((arguments, (open, close))) = &self.arguments {
            text.push_str(open);
            text.push_str(&inside(arguments, indent, indent + taken + self.head.len() + 3));
            text.push_str(close);
        }
        let inner = indent + 4;
        for (name, arguments) in &self.methods {
            let call = format!(".{name}(");
            text.push_str(&format!(
                "\n{}{call}{})",
                " ".repeat(inner),
                inside(arguments, inner, inner + call.len() + 2)
            ));
        }
        for tail in self.tail {
            text.push_str(&format!("\n{}{tail}", " ".repeat(inner)));
        }
        text
    }

    fn is_list(&self) -> bool {
        self.methods.is_empty() && matches!(&self.arguments, Some((_, ("[", _))))
    }

    fn on_one_line(&self) -> String {
        let all = |arguments: &[Code]| arguments.iter().map(Code::on_one_line).collect::<Vec<_>>().join(", ");
        let mut text = self.head.clone();
        if let Some((arguments, (open, close))) = &self.arguments {
            text.push_str(&format!("{open}{}{close}", all(arguments)));
        }
        for (name, arguments) in &self.methods {
            text.push_str(&format!(".{name}({})", all(arguments)));
        }
        text + &self.tail.concat()
    }
}

/// The text of arguments: on the same line if they fit beside `taken` other columns, else each on a line of its own.
fn inside(arguments: &[Code], indent: usize, taken: usize) -> String {
    let line = arguments.iter().map(Code::on_one_line).collect::<Vec<_>>().join(", ");
    let chains = arguments.iter().any(|one| one.methods.len() >= 3 && line.len() > WIDTH / 2);
    if taken + line.len() <= WIDTH && !chains {
        return line;
    }
    // A list that is the only argument starts on the same line.
    if let [only] = arguments
        && only.is_list()
    {
        return only.text(indent, taken);
    }
    let inner = indent + 4;
    let mut text = String::new();
    for argument in arguments {
        text.push_str(&format!("\n{}{},", " ".repeat(inner), argument.text(inner, 1)));
    }
    format!("{text}\n{}", " ".repeat(indent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_code_stays_on_one_line_and_long_code_is_wrapped() {
        let short = Code::word("client").method("get_video", []).then(&[".await?"]);
        assert_eq!(short.statement("let video = "), "let video = client.get_video().await?;");
        let url = || Code::word("AssetInput::url").call([Code::word("\"https://example.com/photo.png\"")]);
        let body = Code::word("CreateVideoFromImage::builder").call([]).method("image", [url()]);
        let long = Code::word("client").method("create_video", []).method("body", [body]).then(&[".await?"]);
        let expected = "let video = client\n    .create_video()\n    .body(\n        \
            CreateVideoFromImage::builder()\n            .image(AssetInput::url(\"https://example.com/photo.png\")),\n    )\n    .await?;";
        assert_eq!(long.statement("let video = "), expected);
        let list = Code::word("client").method("send_all", [Code::list([url(), url()])]).then(&[".await?"]);
        let expected_list = "client\n    .send_all([\n        AssetInput::url(\"https://example.com/photo.png\"),\n        \
            AssetInput::url(\"https://example.com/photo.png\"),\n    ])\n    .await?;";
        assert_eq!(list.statement(""), expected_list);
        assert!(expected.lines().all(|line| line.len() <= WIDTH));
    }
}
