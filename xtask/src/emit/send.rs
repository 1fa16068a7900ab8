//! The statements that make a request: the generator's own, made to speak of the client's one seam in place of
//! progenitor's runtime.

use anyhow::{Context, Result, bail};
use heck::{ToShoutySnakeCase, ToUpperCamelCase};
use quote::{format_ident, quote};
use syn::visit_mut::VisitMut;
use syn::{Item, ItemImpl, Stmt, Type};

/// The generator's statements that make the request, up to `build()`. Its address is left out: the request makes it of the
/// operation's path and of the parameters in it, `segments`, each with its name on the wire.
pub fn statements(builders: &[Item], id: &str, segments: &[(String, syn::Ident)]) -> Result<Vec<Stmt>> {
    let wanted = id.to_upper_camel_case();
    let implementation = builders.iter().find_map(|item| match item {
        Item::Impl(item) if self_type(item).as_deref() == Some(wanted.as_str()) => Some(item),
        _ => None,
    });
    let send = implementation.into_iter().flat_map(|item| &item.items).find_map(|item| match item {
        syn::ImplItem::Fn(function) if function.sig.ident == "send" => Some(function),
        _ => None,
    });
    let send = send.with_context(|| format!("operation `{id}`: the generator made no `send`"))?;
    let mut kept = Vec::new();
    let mut started = false;
    for statement in &send.block.stmts {
        let name = bound_name(statement);
        started |= name.as_deref() == Some("url");
        if name.as_deref() == Some("info") {
            break;
        }
        // The generator's own version header is none of the service's.
        let spelled = quote!(#statement).to_string();
        if started && !spelled.contains("\"api-version\"") {
            let mut statement = statement.clone();
            ToSeam { operation: format_ident!("{}", id.to_shouty_snake_case()), segments }
                .visit_stmt_mut(&mut statement);
            if name.as_deref() != Some("url") {
                kept.push(statement);
            }
        }
    }
    if !spelled_of(&kept).contains("header_map . append") {
        kept.retain(|statement| bound_name(statement).as_deref() != Some("header_map"));
        kept.iter_mut().for_each(|statement| WithoutHeaders.visit_stmt_mut(statement));
    }
    if !started {
        bail!("operation `{id}`: the generator's `send` makes no address; its shape has changed");
    }
    Ok(kept)
}

fn self_type(item: &ItemImpl) -> Option<String> {
    match &*item.self_ty {
        Type::Path(path) => path.path.segments.last().map(|segment| segment.ident.to_string()),
        _ => None,
    }
}

fn bound_name(statement: &Stmt) -> Option<String> {
    let Stmt::Local(local) = statement else { return None };
    match &local.pat {
        syn::Pat::Ident(pattern) => Some(pattern.ident.to_string()),
        _ => None,
    }
}

/// The generator speaks of its own runtime and of reqwest's request builder; the client has one of each.
struct ToSeam<'a> {
    operation: syn::Ident,
    segments: &'a [(String, syn::Ident)],
}

impl VisitMut for ToSeam<'_> {
    fn visit_expr_mut(&mut self, expression: &mut syn::Expr) {
        syn::visit_mut::visit_expr_mut(self, expression);
        let operation = &self.operation;
        // `client.client.post(url)` starts a request; `client.baseurl` is the address.
        if let syn::Expr::MethodCall(call) = expression
            && quote!(#call).to_string().starts_with("client . client .")
            && matches!(&*call.receiver, syn::Expr::Field(_))
        {
            let segments = self.segments.iter().map(|(name, ident)| quote!((#name, &#ident)));
            *expression = syn::parse_quote!(
                RequestBuilder::new(&operations::#operation, &client.baseurl, &[#(#segments),*])
            );
        }
    }

    fn visit_path_mut(&mut self, path: &mut syn::Path) {
        syn::visit_mut::visit_path_mut(self, path);
        let text: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        let head = text.iter().map(String::as_str).collect::<Vec<_>>();
        match head.as_slice() {
            ["progenitor_client", ..] => {
                path.segments = path.segments.iter().skip(1).cloned().collect();
            }
            ["reqwest", "header", ..] => {
                path.leading_colon = None;
                path.segments = path.segments.iter().skip(1).cloned().collect();
            }
            _ => {}
        }
    }

    fn visit_stmt_mut(&mut self, statement: &mut Stmt) {
        syn::visit_mut::visit_stmt_mut(self, statement);
        // `header_map.append("Name", value.to_string().try_into()?)` cannot say which parameter is at fault.
        let operation = &self.operation;
        let mut find = AppendHeader { operation };
        find.visit_stmt_mut(statement);
        if let Stmt::Local(local) = statement {
            local.attrs.clear();
            if let syn::Pat::Ident(pattern) = &mut local.pat
                && pattern.ident == "request"
            {
                pattern.mutability = None;
            }
        }
    }
}

/// Takes `.headers(header_map)` out of a chain of calls.
struct WithoutHeaders;

impl VisitMut for WithoutHeaders {
    fn visit_expr_mut(&mut self, expression: &mut syn::Expr) {
        syn::visit_mut::visit_expr_mut(self, expression);
        if let syn::Expr::MethodCall(call) = expression
            && call.method == "headers"
        {
            *expression = (*call.receiver).clone();
        }
    }
}

fn spelled_of(statements: &[Stmt]) -> String {
    quote!(#(#statements)*).to_string()
}

struct AppendHeader<'a> {
    operation: &'a syn::Ident,
}

impl VisitMut for AppendHeader<'_> {
    fn visit_expr_method_call_mut(&mut self, call: &mut syn::ExprMethodCall) {
        syn::visit_mut::visit_expr_method_call_mut(self, call);
        if call.method != "append" || call.args.len() != 2 {
            return;
        }
        let operation = self.operation;
        if let (Some(name), Some(syn::Expr::Try(tried))) =
            (call.args.first().cloned(), call.args.last().cloned())
            && let syn::Expr::MethodCall(conversion) = &*tried.expr
            && conversion.method == "try_into"
            && let syn::Expr::MethodCall(printed) = &*conversion.receiver
        {
            let value = &printed.receiver;
            call.args = syn::parse_quote!(#name, header_value(&operations::#operation, #name, &#value)?);
        }
    }
}
