#[path = "bill_glue.rs"]
pub mod glue;
use glue::*;

pub fn handle_add_up(input: Order) -> Result<Bill, Failure> {
    if input.lines.is_empty() {
        return Err(Failure::HandlerErr("nothing is ordered".to_string()));
    }
    let large = if input.size == OrderSize::ExtraLarge { ", large" } else { "" };
    Ok(Bill {
        text: format!("for {}{}", input.customer, large),
        sum: input.lines.iter().map(|line| line.price * line.count as f64).sum(),
        count: input.lines.iter().map(|line| line.count).sum(),
        account: match input.payment {
            Some(OrderPayment::Account(number)) => Some(number),
            _ => None,
        },
        order: Some(input),
    })
}
