/** Whether a person has left the first minute for the overview; it then greets no more until the page is loaded again. */
export const greeting = { isSkipped: false };
